/**
 * Random sequences of every operation on strings, in several databases, against a Map. After each step the partitions are
 * walked, and at the end of each sequence nothing must be left in them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Setup } from './fixture.ts';
import { MIB } from './limits.ts';
import { World } from './model.ts';
import {
  stepDatabaseFlush,
  stepFill,
  stepFlush,
  stepResize,
  stepsAll,
  worldEnd,
} from './model-steps.ts';

/** One sequence of sequences that is always the same, and one that never was. */
const SEEDS = [1, Date.now() & 0x7fffffff];
const RUNS_FACTOR = process.env['FLAGSTONE_LONG'] === '1' ? 20 : 1;
const TIMEOUT_MS = 30_000 * RUNS_FACTOR;
const ITEM_BYTES_MAX = 65536;
/** Of several databases; most in database 0. */
const FEW_KEYS = ['a', 'bb', 'ccc', 'dddd', `7|${'f'.repeat(250)}`, '3|a', '3|bb', '15|a'];
const MANY_KEYS = Array.from(
  { length: 60 },
  (_, n) => `${n % 3 === 0 ? `${(n % 4) + 1}|` : ''}key:${n}`,
);

const MEMORY_STEPS = [stepFill(20_000), stepFill(1000), stepResize];

type Totals = { evictions: number; refusals: number };

/** Runs sequences of steps on worlds of this setup; returns what happened in them altogether. */
function modelRun(
  setup: Setup,
  seed: number,
  numRuns: number,
  steps: Parameters<typeof fc.commands>[0],
): Totals {
  const totals = { evictions: 0, refusals: 0 };
  const sequences = fc.commands<World, null>(steps as never, { maxCommands: 250, size: 'max' });
  fc.assert(
    fc.property(sequences, (sequence) => {
      const world = new World(setup, ITEM_BYTES_MAX);
      fc.modelRun(() => ({ model: world, real: null }), sequence);
      worldEnd(world);
      totals.evictions += world.evictionCount;
      totals.refusals += world.refusalCount;
    }),
    { seed, numRuns: numRuns * RUNS_FACTOR },
  );
  return totals;
}

describe.each(SEEDS)('a keyspace is a Map (seed %i)', { timeout: TIMEOUT_MS }, (seed) => {
  it('with room for everything', () => {
    const steps = [...stepsAll(FEW_KEYS), stepFlush, stepDatabaseFlush];
    const totals = modelRun({ bytes: 4 * MIB, partitionCount: 2 }, seed, 40, steps);
    expect(totals).toEqual({ evictions: 0, refusals: 0 });
  });

  it('that forgets, and says what, when memory is short', () => {
    const steps = [...stepsAll(MANY_KEYS), ...MEMORY_STEPS, stepFlush, stepDatabaseFlush];
    const totals = modelRun({ bytes: MIB }, seed, 25, steps);
    expect(totals.evictions).toBeGreaterThan(0);
  });

  it('that refuses, and loses nothing, when it may not forget', () => {
    const steps = [...stepsAll(MANY_KEYS), ...MEMORY_STEPS, stepFlush, stepDatabaseFlush];
    const totals = modelRun({ bytes: MIB, evicts: false }, seed, 25, steps);
    expect(totals.evictions).toBe(0);
    expect(totals.refusals).toBeGreaterThan(0);
  });
});
