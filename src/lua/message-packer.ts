/**
 * cmsgpack.pack: values of the stack in the MessagePack format, as short as it goes.
 *
 *   number   an integer of 64 bits if it is one, else a float if that says it exactly, else a double
 *   table    an array if its keys are 1 to n, else a map; nil if it is 16 tables deep
 *   others   nil, for what has no form: functions, userdata
 *
 * Spec: https://github.com/msgpack/msgpack/blob/master/spec.md. Source: Redis deps/lua/src/lua_cmsgpack.c.
 */
import { type ByteWriter, writerByte, writerBytes, writerRoom } from './byte-writer.ts';
import { LUA_TYPE } from './lua-api.ts';
import { type LuaMachine, luaRaiseHere } from './lua-machine.ts';

/** First bytes; those of short forms carry the value or length in their low bits. */
export const PACK_CODE = {
  FIX_MAP: 0x80,
  FIX_ARRAY: 0x90,
  FIX_STRING: 0xa0,
  NIL: 0xc0,
  FALSE: 0xc2,
  TRUE: 0xc3,
  FLOAT: 0xca,
  DOUBLE: 0xcb,
  UINT8: 0xcc,
  UINT16: 0xcd,
  UINT32: 0xce,
  UINT64: 0xcf,
  INT8: 0xd0,
  INT16: 0xd1,
  INT32: 0xd2,
  INT64: 0xd3,
  STRING8: 0xd9,
  STRING16: 0xda,
  STRING32: 0xdb,
  ARRAY16: 0xdc,
  ARRAY32: 0xdd,
  MAP16: 0xde,
  MAP32: 0xdf,
  FIX_NEGATIVE: 0xe0,
} as const;

const NESTING_MAX = 16;
const FIX_CONTAINER_END = 16;
const FIX_STRING_END = 32;
const FIX_INTEGER_END = 128;
const FIX_NEGATIVE_MIN = -32;
const UINT8_END = 2 ** 8;
const UINT16_END = 2 ** 16;
const UINT32_END = 2 ** 32;
const INT64_END = 2 ** 63;
/** An array's indices are C's int. */
const INDEX_END = 2 ** 31;
/** What C has for 0/0 here; the sign of a NaN is not to be seen from JavaScript. */
const NAN_BYTES = Buffer.from('cbfff8000000000000', 'hex');
const NUMBER_BYTES_MAX = 9;

/** Writes the value on top of the stack, and takes it away. */
export function messagePack(machine: LuaMachine, L: number, to: ByteWriter, depth: number): void {
  const { api } = machine;
  switch (api.lua_type(L, -1)) {
    case LUA_TYPE.STRING:
      stringPack(machine, L, to);
      break;
    case LUA_TYPE.BOOLEAN:
      writerByte(to, api.lua_toboolean(L, -1) ? PACK_CODE.TRUE : PACK_CODE.FALSE);
      break;
    case LUA_TYPE.NUMBER:
      numberPack(to, api.lua_tonumber(L, -1));
      break;
    case LUA_TYPE.TABLE:
      if (depth === NESTING_MAX) writerByte(to, PACK_CODE.NIL);
      else tablePack(machine, L, to, depth);
      break;
    default:
      writerByte(to, PACK_CODE.NIL);
  }
  api.lua_settop(L, -2);
}

function stringPack(machine: LuaMachine, L: number, to: ByteWriter): void {
  machine.string(L, -1);
  const { bytes, stringAt, stringBytes } = machine;
  if (stringBytes < FIX_STRING_END) writerByte(to, PACK_CODE.FIX_STRING | stringBytes);
  else if (stringBytes < UINT8_END) codePack(to, PACK_CODE.STRING8, 1, stringBytes);
  else if (stringBytes < UINT16_END) codePack(to, PACK_CODE.STRING16, 2, stringBytes);
  else codePack(to, PACK_CODE.STRING32, 4, stringBytes);
  writerBytes(to, bytes, stringAt, stringAt + stringBytes);
}

/** Writes a code, and a number of so many bytes behind it: up to four. */
function codePack(to: ByteWriter, code: number, bytes: number, value: number): void {
  if (!writerRoom(to, NUMBER_BYTES_MAX)) return;
  to.bytes[to.used] = code;
  if (value < 0) to.bytes.writeIntBE(value, to.used + 1, bytes);
  else to.bytes.writeUIntBE(value, to.used + 1, bytes);
  to.used += 1 + bytes;
}

export function numberPack(to: ByteWriter, value: number): void {
  const isInteger = Number.isInteger(value) && value >= -INT64_END && value < INT64_END;
  if (!isInteger) realPack(to, value);
  else if (value >= 0) naturalPack(to, value);
  else negativePack(to, value);
}

function naturalPack(to: ByteWriter, value: number): void {
  if (value < FIX_INTEGER_END) writerByte(to, value);
  else if (value < UINT8_END) codePack(to, PACK_CODE.UINT8, 1, value);
  else if (value < UINT16_END) codePack(to, PACK_CODE.UINT16, 2, value);
  else if (value < UINT32_END) codePack(to, PACK_CODE.UINT32, 4, value);
  else int64Pack(to, PACK_CODE.UINT64, value);
}

function negativePack(to: ByteWriter, value: number): void {
  if (value >= FIX_NEGATIVE_MIN) writerByte(to, value & 0xff);
  else if (value >= -UINT8_END / 2) codePack(to, PACK_CODE.INT8, 1, value);
  else if (value >= -UINT16_END / 2) codePack(to, PACK_CODE.INT16, 2, value);
  else if (value >= -UINT32_END / 2) codePack(to, PACK_CODE.INT32, 4, value);
  else int64Pack(to, PACK_CODE.INT64, value);
}

function int64Pack(to: ByteWriter, code: number, value: number): void {
  if (!writerRoom(to, NUMBER_BYTES_MAX)) return;
  to.bytes[to.used] = code;
  to.used = to.bytes.writeBigInt64BE(BigInt(value), to.used + 1);
}

function realPack(to: ByteWriter, value: number): void {
  if (Number.isNaN(value)) {
    writerBytes(to, NAN_BYTES, 0, NAN_BYTES.length);
    return;
  }
  if (!writerRoom(to, NUMBER_BYTES_MAX)) return;
  const isFloat = Math.fround(value) === value;
  to.bytes[to.used] = isFloat ? PACK_CODE.FLOAT : PACK_CODE.DOUBLE;
  to.used = isFloat
    ? to.bytes.writeFloatBE(value, to.used + 1)
    : to.bytes.writeDoubleBE(value, to.used + 1);
}

function tablePack(machine: LuaMachine, L: number, to: ByteWriter, depth: number): void {
  const { api } = machine;
  if (!api.lua_checkstack(L, 3)) luaRaiseHere(machine, L, 'stack overflow');
  const { count, isArray } = tableShape(machine, L);
  if (isArray) {
    containerPack(to, PACK_CODE.FIX_ARRAY, PACK_CODE.ARRAY16, count);
    for (let index = 1; index <= count; index++) {
      api.lua_rawgeti(L, -1, index);
      messagePack(machine, L, to, depth + 1);
    }
    return;
  }
  containerPack(to, PACK_CODE.FIX_MAP, PACK_CODE.MAP16, count);
  api.lua_pushnil(L);
  while (api.lua_next(L, -2)) {
    api.lua_pushvalue(L, -2);
    messagePack(machine, L, to, depth + 1); // the key
    messagePack(machine, L, to, depth + 1); // the value; its key stays
  }
}

/** `code16` is followed by the code of a 32-bit length. */
function containerPack(to: ByteWriter, fixed: number, code16: number, count: number): void {
  if (count < FIX_CONTAINER_END) writerByte(to, fixed | count);
  else if (count < UINT16_END) codePack(to, code16, 2, count);
  else codePack(to, code16 + 1, 4, count);
}

/** How many entries the table on top has, and whether their keys are 1 to that number. */
function tableShape(machine: LuaMachine, L: number): { count: number; isArray: boolean } {
  const { api } = machine;
  let count = 0;
  let greatest = 0;
  api.lua_pushnil(L);
  while (api.lua_next(L, -2)) {
    api.lua_settop(L, -2);
    const isNumber = api.lua_type(L, -1) === LUA_TYPE.NUMBER;
    const key = isNumber ? api.lua_tonumber(L, -1) : 0;
    const isIndex = Number.isInteger(key) && key > 0 && key < INDEX_END;
    greatest = isIndex ? Math.max(greatest, key) : Number.POSITIVE_INFINITY;
    count++;
  }
  return { count, isArray: greatest === count };
}
