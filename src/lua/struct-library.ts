/**
 * The library struct: values as bytes of a given layout, and back.
 *
 * Positions count from 1. Integers have 64 bits; of longer ones those beyond are zero, and are not read.
 *
 * Source: Redis deps/lua/src/lua_struct.c.
 */
import { ByteWriter, writerByte, writerBytes, writerClear, writerRoom } from './byte-writer.ts';
import { LUA_TYPE } from './lua-api.ts';
import {
  type LuaMachine,
  luaArgumentRefuse,
  luaFunctionSet,
  luaPushBytes,
  luaRaise,
  luaRaiseHere,
  luaText,
} from './lua-machine.ts';
import { StructFormat } from './struct-format.ts';

const TOO_SHORT = 'data string too short';
const INT64_END = 2 ** 63;
const UINT64_END = 2 ** 64;
const INT64_MIN = -(2n ** 63n);
const INT64_BYTES = 8;
const BYTE_BITS = 8n;

/** Pushes the library, a table. */
export function structLibraryPush(machine: LuaMachine, L: number): void {
  const output = new ByteWriter(machine.memoryBytesMax);
  machine.api.lua_createtable(L, 0, 3);
  luaFunctionSet(machine, L, -1, 'pack', (state) => pack(machine, state, output));
  luaFunctionSet(machine, L, -1, 'unpack', (state) => unpack(machine, state));
  luaFunctionSet(machine, L, -1, 'size', (state) => size(machine, state));
}

function formatArgument(machine: LuaMachine, L: number): StructFormat {
  machine.stringArgument(L, 1);
  return new StructFormat(machine, L, luaText(machine, L, 1));
}

function pack(machine: LuaMachine, L: number, output: ByteWriter): number {
  const format = formatArgument(machine, L);
  machine.api.lua_pushnil(L); // so that a missing argument is nil, as it is said to be
  writerClear(output);
  let argument = 2;
  while (format.next()) {
    for (let padding = format.padding(output.used); padding > 0; padding--) writerByte(output, 0);
    switch (format.letter) {
      case 'x':
        writerByte(output, 0);
        break;
      case 'f':
      case 'd':
        realPack(output, format, machine.api.luaL_checknumber(L, argument++));
        break;
      case 'c':
      case 's':
        stringPack(machine, L, output, format, argument++);
        break;
      default:
        if (format.isInteger) {
          integerPack(output, format, machine.api.luaL_checknumber(L, argument++));
        } else {
          format.control();
        }
    }
  }
  if (output.isFull) luaRaise(machine, L, 'not enough memory');
  luaPushBytes(machine, L, output.bytes, 0, output.used);
  return 1;
}

function realPack(output: ByteWriter, { letter, isLittle }: StructFormat, value: number): void {
  if (!writerRoom(output, INT64_BYTES)) return;
  const { bytes, used } = output;
  if (letter === 'f') {
    output.used = isLittle ? bytes.writeFloatLE(value, used) : bytes.writeFloatBE(value, used);
  } else {
    output.used = isLittle ? bytes.writeDoubleLE(value, used) : bytes.writeDoubleBE(value, used);
  }
}

function integerPack(output: ByteWriter, { size, isLittle }: StructFormat, value: number): void {
  if (!writerRoom(output, size)) return;
  const { bytes, used } = output;
  let rest = BigInt.asUintN(64, int64Of(value));
  for (let index = 0; index < size; index++) {
    bytes[used + (isLittle ? index : size - 1 - index)] = Number(rest & 0xffn);
    rest >>= BYTE_BITS;
  }
  output.used += size;
}

/** As a cast of C on x86 has it, also out of range. */
function int64Of(value: number): bigint {
  if (Number.isNaN(value) || value < -INT64_END) return INT64_MIN;
  return value >= UINT64_END ? 0n : BigInt(Math.trunc(value));
}

function stringPack(
  machine: LuaMachine,
  L: number,
  output: ByteWriter,
  format: StructFormat,
  argument: number,
): void {
  machine.stringArgument(L, argument);
  const { bytes, stringAt, stringBytes } = machine;
  const taken = format.size === 0 ? stringBytes : format.size;
  if (taken > stringBytes) luaArgumentRefuse(machine, L, argument + 1, 'string too short');
  writerBytes(output, bytes, stringAt, stringAt + taken);
  if (format.letter === 's') writerByte(output, 0);
}

function unpack(machine: LuaMachine, L: number): number {
  const { api } = machine;
  const format = formatArgument(machine, L);
  machine.stringArgument(L, 2);
  const { stringAt, stringBytes } = machine;
  const data = Buffer.from(machine.bytes.subarray(stringAt, stringAt + stringBytes));
  let position = positionArgument(machine, L) - 1;
  const first = api.lua_gettop(L) + 1;
  while (format.next()) {
    position += format.padding(position);
    const isInside = position >= 0 && position + format.size <= data.length;
    if (!isInside) luaArgumentRefuse(machine, L, 2, TOO_SHORT);
    if (!api.lua_checkstack(L, 2)) luaRaiseHere(machine, L, 'stack overflow (too many results)');
    position += valueUnpack(machine, L, format, data, position, first);
  }
  api.lua_pushnumber(L, position + 1);
  return api.lua_gettop(L) - first + 1;
}

function positionArgument(machine: LuaMachine, L: number): number {
  if (machine.api.lua_type(L, 3) <= LUA_TYPE.NIL) return 1;
  const position = Math.trunc(machine.api.luaL_checknumber(L, 3));
  if (position === 0) luaArgumentRefuse(machine, L, 3, 'offset must be 1 or greater');
  return Number.isNaN(position) ? -1 : position;
}

/** Pushes what stands at data[position]; returns its bytes. `first` is where the results start. */
function valueUnpack(
  machine: LuaMachine,
  L: number,
  format: StructFormat,
  data: Buffer,
  position: number,
  first: number,
): number {
  const { api } = machine;
  switch (format.letter) {
    case 'x':
      return format.size;
    case 'f':
    case 'd':
      api.lua_pushnumber(L, realAt(data, position, format));
      return format.size;
    case 'c': {
      const size = format.size === 0 ? sizeTake(machine, L, data, position, first) : format.size;
      luaPushBytes(machine, L, data, position, size);
      return size;
    }
    case 's': {
      const end = data.indexOf(0, position);
      if (end < 0) luaRaiseHere(machine, L, 'unfinished string in data');
      luaPushBytes(machine, L, data, position, end - position);
      return end - position + 1;
    }
    default:
      if (format.isInteger) api.lua_pushnumber(L, integerAt(data, position, format));
      else format.control();
      return format.size;
  }
}

/** Takes back the last result, which is the size of what comes at `position`. */
function sizeTake(
  machine: LuaMachine,
  L: number,
  data: Buffer,
  position: number,
  first: number,
): number {
  const { api } = machine;
  if (api.lua_gettop(L) < first || !api.lua_isnumber(L, -1)) {
    luaRaiseHere(machine, L, "format 'c0' needs a previous size");
  }
  const size = Math.trunc(api.lua_tonumber(L, -1));
  api.lua_settop(L, -2);
  const isInside = size >= 0 && position + size <= data.length;
  if (!isInside) luaArgumentRefuse(machine, L, 2, TOO_SHORT);
  return size;
}

function realAt(data: Buffer, at: number, { letter, isLittle }: StructFormat): number {
  if (letter === 'f') return isLittle ? data.readFloatLE(at) : data.readFloatBE(at);
  return isLittle ? data.readDoubleLE(at) : data.readDoubleBE(at);
}

function integerAt(data: Buffer, at: number, format: StructFormat): number {
  const { size, isLittle, isSigned } = format;
  let value = 0n;
  for (let index = 0; index < Math.min(size, INT64_BYTES); index++) {
    const byte = data[isLittle ? at + index : at + size - 1 - index];
    value |= BigInt(byte) << (BigInt(index) * BYTE_BITS);
  }
  const bits = Math.min(size, INT64_BYTES) * 8;
  return Number(isSigned ? BigInt.asIntN(bits, value) : value);
}

function size(machine: LuaMachine, L: number): number {
  const format = formatArgument(machine, L);
  let bytes = 0;
  while (format.next()) {
    bytes += format.padding(bytes);
    if (format.letter === 's') luaArgumentRefuse(machine, L, 1, "option 's' has no fixed size");
    if (format.letter === 'c' && format.size === 0) {
      luaArgumentRefuse(machine, L, 1, "option 'c0' has no fixed size");
    }
    if (!/[a-zA-Z0-9]/.test(format.letter)) format.control();
    bytes += format.size;
  }
  machine.api.lua_pushnumber(L, bytes);
  return 1;
}
