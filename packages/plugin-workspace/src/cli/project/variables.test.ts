import { expect, test } from 'vitest';
import { substitute } from './variables.ts';

test('variables stand in texts at any depth, and in no key', () => {
  const key = `\${A}`;
  const value = { [key]: [`x\${A}y`, 7, true], table: { image: `\${A}:\${B}` } };
  expect(substitute(value, { A: 'a', B: '' }).value).toEqual({ [key]: ['xay', 7, true], table: { image: 'a:' } });
});

test('an unset variable is told with its place', () => {
  expect(substitute({ machine: { dev: { publish: [`80:\${PORT}`] } } }, {}).unset).toEqual([
    { name: 'PORT', path: ['machine', 'dev', 'publish', '0'] },
  ]);
});

test('a default stands in for what is unset or empty', () => {
  expect(substitute(`\${A:-x} \${B:-y} \${C:-}`, { A: 'a', B: '' })).toEqual({ value: 'a y ', unset: [] });
});

test('the guest keeps its own variables, and a value is not looked at again', () => {
  expect(substitute(`echo $HOME $\${HOME} \${A}`, { A: `\${B}` })).toEqual({
    value: `echo $HOME \${HOME} \${B}`,
    unset: [],
  });
});
