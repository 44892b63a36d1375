/**
 * The library bit: operations on the 32 bits of integers, whose results have a sign.
 *
 * Numbers count modulo 2^32, halves are rounded to the even, and what has more than 53 bits is cut by the addition
 * of 2^52 + 2^51 by which the original takes the low bits of a double.
 *
 * Source: https://bitop.luajit.org/semantics.html; Redis deps/lua/src/lua_bit.c.
 */
import { LUA_TYPE } from './lua-api.ts';
import { type LuaMachine, luaFunctionSet, luaPushText } from './lua-machine.ts';

/** Adding it leaves the low 32 bits of an integer in those of the double. */
const SHIFT_TO_LOW_BITS = 6755399441055744;
const HEX_DIGITS = 8;

const doubles = new Float64Array(1);
const words = new Int32Array(doubles.buffer);

const FOLDED: Readonly<Record<string, (a: number, b: number) => number>> = {
  band: (a, b) => a & b,
  bor: (a, b) => a | b,
  bxor: (a, b) => a ^ b,
};
const SHIFTED: Readonly<Record<string, (value: number, bits: number) => number>> = {
  lshift: (value, bits) => value << bits,
  rshift: (value, bits) => value >>> bits,
  arshift: (value, bits) => value >> bits,
  rol: (value, bits) => (value << bits) | (value >>> (32 - bits)),
  ror: (value, bits) => (value >>> bits) | (value << (32 - bits)),
};
const CHANGED: Readonly<Record<string, (value: number) => number>> = {
  tobit: (value) => value,
  bnot: (value) => ~value,
  bswap: (value) =>
    (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24),
};

/** Pushes the library, a table. */
export function bitLibraryPush(machine: LuaMachine, L: number): void {
  const { api } = machine;
  const answer = (state: number, value: number): number => {
    api.lua_pushnumber(state, value | 0);
    return 1;
  };
  api.lua_createtable(L, 0, 12);
  for (const [name, run] of Object.entries(CHANGED)) {
    luaFunctionSet(machine, L, -1, name, (state) => answer(state, run(bits(machine, state, 1))));
  }
  for (const [name, run] of Object.entries(SHIFTED)) {
    luaFunctionSet(machine, L, -1, name, (state) => {
      const value = bits(machine, state, 1);
      return answer(state, run(value, bits(machine, state, 2) & 31));
    });
  }
  for (const [name, run] of Object.entries(FOLDED)) {
    luaFunctionSet(machine, L, -1, name, (state) => {
      let value = bits(machine, state, 1);
      for (let index = api.lua_gettop(state); index > 1; index--) {
        value = run(value, bits(machine, state, index));
      }
      return answer(state, value);
    });
  }
  luaFunctionSet(machine, L, -1, 'tohex', (state) => hexadecimal(machine, state));
}

/** The bits of an argument. */
function bits(machine: LuaMachine, L: number, index: number): number {
  doubles[0] = machine.api.luaL_checknumber(L, index) + SHIFT_TO_LOW_BITS;
  return words[0];
}

/** So many hexadecimal digits, in capitals if their number is negative. */
function hexadecimal(machine: LuaMachine, L: number): number {
  const value = bits(machine, L, 1);
  const asked = machine.api.lua_type(L, 2) === LUA_TYPE.NONE ? HEX_DIGITS : bits(machine, L, 2);
  const count = Math.min(Math.abs(asked), HEX_DIGITS);
  const digits = (value >>> 0)
    .toString(16)
    .padStart(HEX_DIGITS, '0')
    .slice(HEX_DIGITS - count);
  luaPushText(machine, L, asked < 0 ? digits.toUpperCase() : digits);
  return 1;
}
