/**
 * What a script has chosen for JSON. Each table of functions that cjson.new makes has its own settings, in a
 * userdata of Lua's that is the functions' first upvalue, and goes with them:
 *
 *   word 0             1            2           3            4            5           6          7
 *        ┌─────────────┬────────────┬───────────┬────────────┬────────────┬───────────┬──────────┬─────────────┐
 *        │sparseConvert│sparseRatio │sparseSafe │encodeDepth │decodeDepth │numbers    │keepBuffer│encodeInvalid│ decodeInvalid
 *        │0, 1         │            │           │Max         │Max         │precision  │0, 1      │Numbers 0–2  │ Numbers 0, 1
 *        └─────────────┴────────────┴───────────┴────────────┴────────────┴───────────┴──────────┴─────────────┘
 *
 * Source: Redis deps/lua/src/lua_cjson.c, as of 7.0: its defaults.
 */
import { luaUpvalue } from './lua-api.ts';
import type { LuaMachine } from './lua-machine.ts';

/** i32 words of the userdata. */
export const JSON_SETTING = {
  SPARSE_CONVERT: 0,
  SPARSE_RATIO: 1,
  SPARSE_SAFE: 2,
  ENCODE_DEPTH_MAX: 3,
  DECODE_DEPTH_MAX: 4,
  NUMBER_PRECISION: 5,
  KEEP_BUFFER: 6,
  ENCODE_INVALID_NUMBERS: 7,
  DECODE_INVALID_NUMBERS: 8,
} as const;

/** What is done about numbers that JSON has not. */
export const INVALID_NUMBERS = { REFUSED: 0, WRITTEN: 1, NULL: 2 } as const;

const DEFAULTS: readonly number[] = [0, 2, 10, 1000, 1000, 14, 1, INVALID_NUMBERS.REFUSED, 1];

/** Pushes a userdata with the settings that hold at first. */
export function jsonSettingsCreate(machine: LuaMachine, L: number): void {
  const at = machine.api.lua_newuserdata(L, DEFAULTS.length * 4);
  machine.words.set(DEFAULTS, at >> 2);
}

/** A setting of the running function's. */
export function jsonSetting(machine: LuaMachine, L: number, setting: number): number {
  return machine.words[(machine.api.lua_touserdata(L, luaUpvalue(1)) >> 2) + setting];
}

export function jsonSettingSet(
  machine: LuaMachine,
  L: number,
  setting: number,
  value: number,
): void {
  machine.words[(machine.api.lua_touserdata(L, luaUpvalue(1)) >> 2) + setting] = value;
}
