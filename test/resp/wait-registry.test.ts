/** The registry of waits: the order of tokens, whatever the order of notices. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Wait, WaitRegistry } from '../../src/commands/resp/wait-registry.ts';
import { argumentsOf } from '../../src/protocol/resp/arguments.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);

function waitMake(token: number, clientId: number, names: readonly string[]): Wait {
  const fields = { token, record: 0, clientId, thread: 0, database: 0, resp: 2, commandNumber: 0 };
  return new Wait(
    {
      ...fields,
      user: 'default',
      resp: 2,
      names,
      endReply: '',
      readerGroup: null,
      ranUs: 0,
      isTimed: false,
    },
    argumentsOf(['blpop']),
  );
}

describe('the registry of waits', () => {
  it('keeps the order of tokens, also where their counter goes round', () => {
    const names = ['0:a', '0:b', '1:a'];
    const step = fc.record({
      skip: fc.nat(5),
      removes: fc.boolean(),
      of: fc.subarray(names, { minLength: 1 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), fc.integer(), (steps, start) => {
        const registry = new WaitRegistry();
        const model: Wait[] = [];
        steps.forEach(({ skip, removes, of }, at) => {
          if (removes && model.length > 0) {
            const [wait] = model.splice(skip % model.length, 1);
            expect(registry.remove(wait.fields.clientId, wait.fields.token)).toBe(wait);
            expect(registry.remove(wait.fields.clientId, wait.fields.token)).toBeNull();
          } else {
            // Up to three before those that came earlier.
            const token = (start + at * 2 - (skip % 4) * 2 - (at % 2)) & 0x7fffffff;
            if (model.some(({ fields }) => fields.token === token)) return;
            const wait = waitMake(token, at, of);
            registry.add(wait);
            model.push(wait);
          }
          for (const name of names) {
            const expected = model.filter(({ fields }) => fields.names.includes(name));
            expected.sort((a, b) => (a.fields.token - b.fields.token) << 1);
            expect([...registry.queue(name)]).toEqual(expected);
          }
          expect(registry.clientCount).toBe(model.length);
        });
      }),
      { seed: SEED },
    );
  });

  it('knows the keys of a database, and its clients', () => {
    const registry = new WaitRegistry();
    const wait = waitMake(7, 70, ['0:a', '0:b', '10:a']);
    registry.add(wait);
    expect(registry.names(0)).toEqual(['0:a', '0:b']);
    expect(registry.names(1)).toEqual([]);
    expect(registry.keyCount).toBe(3);
    expect(registry.ofClient(70)).toBe(wait);
    expect(registry.remove(70, 8)).toBeNull();
    expect([...registry.all()]).toEqual([wait]);
    registry.remove(70, 7);
    expect([registry.keyCount, registry.clientCount]).toEqual([0, 0]);
  });
});
