import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeCall, messageLength } from './dbus-message.ts';
import { DbusReader } from './dbus-reader.ts';
import { type DbusValue, typesOf } from './dbus-values.ts';
import { DbusWriter } from './dbus-writer.ts';

it('a signature is split into its complete types', () => {
  expect(typesOf('ssa(sv)a(sa(sv))a{sv}aai')).toEqual(['s', 's', 'a(sv)', 'a(sa(sv))', 'a{sv}', 'aai']);
  expect(() => typesOf('a')).toThrow('is not a signature');
});

describe('what is written', () => {
  it.each<[string, DbusValue[], string]>([
    ['yu', [1, 2], '0100000002000000'],
    ['s', ['foo'], '03000000666f6f00'],
    ['yt', [7, 5n], '07000000000000000500000000000000'],
    ['at', [[1n]], '08000000000000000100000000000000'],
    ['a(sv)', [[]], '0000000000000000'],
    ['v', [{ signature: 'u', value: 9 }], '0175000009000000'],
    ['i', [-2], 'feffffff'],
  ])('%s is laid out as D-Bus says', (signature, values, hex) => {
    expect(new DbusWriter().write(signature, values).buffer.toString('hex')).toBe(hex);
  });

  it.each<[string, DbusValue[]]>([
    ['ssa(sv)', ['x.scope', 'fail', [['PIDs', { signature: 'au', value: [3, 4] }]]]],
    ['uoss', [4, '/org/x', 'é', 'done']],
    ['bya{sv}', [true, 255, [['a', { signature: 't', value: 2n ** 63n }]]]],
    ['as', [['', 'a']]],
  ])('%s is read as it was', (signature, values) => {
    expect(new DbusReader(new DbusWriter().write(signature, values).buffer).read(signature)).toEqual(values);
  });
});

describe('a message', () => {
  const call = encodeCall(7, {
    ...{ destination: 'org.x', path: '/org/x', interface: 'org.x.Y', member: 'Do' },
    ...{ signature: 'su', body: ['hello', 1] },
  });

  it('knows its length from its beginning on', () => {
    expect(messageLength(call.subarray(0, 15))).toBeUndefined();
    expect(messageLength(call.subarray(0, 16))).toBe(call.length);
    expect(messageLength(Buffer.concat([call, call]))).toBe(call.length);
  });

  it('is decoded', () => {
    expect(decodeMessage(call)).toMatchObject({ type: 'other', member: 'Do', body: ['hello', 1] });
  });

  it('that ends too early, or is of another byte order, is refused', () => {
    expect(() => decodeMessage(call.subarray(0, 40))).toThrow('ends too early');
    expect(() => decodeMessage(Buffer.concat([Buffer.from('B'), call.subarray(1)]))).toThrow('not little-endian');
  });
});
