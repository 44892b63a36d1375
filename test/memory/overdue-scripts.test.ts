/** Overdue scripts: of being killed and of writing, one excludes the other; and the dead leave nothing behind. */
import { describe, expect, it } from 'vitest';
import { CONTROL, Control, controlBytes } from '../../src/memory/control.ts';
import {
  OVERDUE,
  type Overdue,
  overdueBegin,
  overdueEnd,
  overdueIsKilled,
  overdueKill,
  overdueKind,
  overdueList,
  overdueWrite,
} from '../../src/memory/overdue-scripts.ts';

const { IS_EVAL, IS_FUNCTION, HAS_WRITTEN } = OVERDUE;

function controlMake(): Control {
  return new Control(new SharedArrayBuffer(controlBytes(4)));
}

describe('overdue scripts', () => {
  it('are counted by their kinds', () => {
    const control = controlMake();
    expect(overdueKind(control)).toBe(0);
    overdueBegin(control, 3, IS_FUNCTION);
    expect(overdueKind(control)).toBe(IS_FUNCTION);
    overdueBegin(control, 0, IS_EVAL | HAS_WRITTEN);
    expect(overdueKind(control)).toBe(IS_EVAL);
    expect(overdueList(control)).toEqual([
      { thread: 0, bits: IS_EVAL | HAS_WRITTEN },
      { thread: 3, bits: IS_FUNCTION },
    ]);
    overdueEnd(control, 0);
    expect(overdueKind(control)).toBe(IS_FUNCTION);
    overdueEnd(control, 3);
    overdueEnd(control, 3); // its thread has died, after it had ended
    expect(control.i32[CONTROL.overdueScripts]).toBe(0);
    expect(overdueList(control)).toEqual([]);
  });

  it('do not write once they are killed', () => {
    const control = controlMake();
    overdueBegin(control, 1, IS_EVAL);
    const [found] = overdueList(control) as [Overdue];
    expect(overdueKill(control, found)).toBe(true);
    expect(overdueIsKilled(control, 1)).toBe(true);
    expect(overdueWrite(control, 1)).toBe(false);
  });

  it('are not killed once they have written, by whoever had seen them before', () => {
    const control = controlMake();
    overdueBegin(control, 1, IS_EVAL);
    const [found] = overdueList(control) as [Overdue];
    expect(overdueWrite(control, 1)).toBe(true);
    expect(overdueKill(control, found)).toBe(false);
    expect(overdueIsKilled(control, 1)).toBe(false);
    expect(overdueList(control)).toEqual([{ thread: 1, bits: IS_EVAL | HAS_WRITTEN }]);
  });

  it('share their words with nothing that others count', () => {
    const control = controlMake();
    for (let thread = 0; thread < 64; thread++) overdueBegin(control, thread, IS_EVAL);
    expect(overdueList(control).length).toBe(64);
    for (let thread = 0; thread < 64; thread++) overdueEnd(control, thread);
    expect(control.i32.every((word) => word === 0)).toBe(true);
  });
});
