import assert from 'node:assert/strict';
import type { StandardSchema } from '@nook/daemonapi';
import type { ConformanceCheck } from './check.ts';
import type { Subject } from './options.ts';
import { failureOf, subjectBox } from './subject-box.ts';
import { withHooks } from './vary.ts';

type Section = Readonly<Record<string, unknown>>;

/** What the daemon says of the subject's config with these keys in its section. @throws when it takes them */
async function refusalOf(subject: Subject, keys: Section): Promise<string> {
  const name = subject.plugin.name;
  const config = { ...subject.config, [name]: { ...subject.config?.[name], ...keys } };
  await using box = await subjectBox({ ...subject, config });
  const error = await failureOf(box.start(), `${JSON.stringify(keys)} in [${name}] was to be refused`);
  assert.equal((error as { code?: unknown }).code, 'bad_params', error.message);
  return error.message;
}

/** Names of the keys that the schema knows, where it can say so. */
function keysOf(schema: StandardSchema<unknown, unknown>): string[] {
  const described = schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
  return Object.keys((described?.properties as object | undefined) ?? {});
}

export const configChecks: readonly ConformanceCheck[] = [
  {
    name: 'has unknown keys of its config refused by name, with a suggestion where one is near',
    async run(subject) {
      const { name, config: schema } = subject.plugin;
      if (schema === undefined) {
        assert.match(await refusalOf(subject, { key: 1 }), /has no settings/);
        return;
      }
      const unknown = await refusalOf(subject, { no_such_key_at_all: 1 });
      assert.ok(unknown.includes(`${name}.no_such_key_at_all`), unknown);
      const [key] = keysOf(schema).filter((known) => known.length > 3);
      if (key === undefined) return;
      const misspelt = await refusalOf(subject, { [key.slice(0, -1)]: 1 });
      assert.ok(misspelt.includes(`Did you mean '${key}'?`), misspelt);
    },
  },
  {
    name: 'takes its own config again, and where it asks for a restart names keys that it has',
    async run(subject) {
      const { config: schema } = subject.plugin;
      const plugin = withHooks(subject.plugin, ({ start, reload }, context) => ({
        async start(signal) {
          const outcome = await start(signal);
          const left = (await reload?.(context.config, signal)) ?? [];
          const known = schema === undefined ? [] : keysOf(schema);
          for (const key of left) assert.ok(known.includes(key.split('.')[0] ?? ''), `it has no key '${key}'`);
          return outcome;
        },
      }));
      await using box = await subjectBox({ ...subject, plugin });
      await box.start();
    },
  },
  {
    name: 'has values of the wrong type refused by key',
    async run(subject) {
      const { name, config: schema } = subject.plugin;
      if (schema === undefined) return;
      for (const key of keysOf(schema)) {
        const refusal = await refusalOf(subject, { [key]: { nobody: ['expects', { this: 1 }] } });
        assert.ok(refusal.includes(`${name}.${key}`), refusal);
      }
    },
  },
];
