/**
 * cjson.encode: the value on top of the stack as JSON.
 *
 * A table is an array if its keys are integers from 1 on, with null for what is missing; else an object, and
 * so is the empty table. An array with far more holes than elements is refused, or made an object.
 *
 * Source: Redis deps/lua/src/lua_cjson.c, as of 7.0.
 */
import { type ByteWriter, writerByte, writerClear, writerRoom, writerText } from './byte-writer.ts';
import { INVALID_NUMBERS, JSON_SETTING, jsonSetting } from './json-settings.ts';
import { LUA_TYPE, LUA_TYPE_NAMES } from './lua-api.ts';
import { type LuaMachine, luaRaise, luaRaiseHere } from './lua-machine.ts';
import { realText } from './real-text.ts';

/** Tables in tables, whatever the settings say: so far a thread's own stack goes for certain. */
const NESTING_MAX = 1000;
/** Slots of Lua's stack for each table: its key, its value, and one for an error's text. */
const SLOTS_EACH = 3;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const ESCAPE_BYTES_MAX = 6;
/** An element and its comma: of an array that is nothing but a hole, it is known at once that it is too long. */
const ELEMENT_BYTES_MIN = 2;

/** What stands for a byte within a string; null: the byte itself. */
const ESCAPES: readonly (Buffer | null)[] = Array.from({ length: 256 }, (_, byte) => {
  const text = escapeOf(byte);
  return text === null ? null : Buffer.from(text);
});

function escapeOf(byte: number): string | null {
  const char = String.fromCharCode(byte);
  if (char === '/') return '\\/';
  if (char === '\x7f' || char === '\v') return `\\u${byte.toString(16).padStart(4, '0')}`;
  const quoted = byte < 0x80 ? JSON.stringify(char).slice(1, -1) : char;
  return quoted === char ? null : quoted;
}

type Encoding = {
  readonly machine: LuaMachine;
  readonly L: number;
  readonly to: ByteWriter;
};

/** Writes the value on top of the stack, which stays there; raises an error if it has no JSON. */
export function jsonEncode(machine: LuaMachine, L: number, to: ByteWriter): void {
  writerClear(to);
  valueWrite({ machine, L, to }, 0);
  if (to.isFull) luaRaise(machine, L, 'not enough memory');
}

function valueWrite(encoding: Encoding, depth: number): void {
  const { machine, L, to } = encoding;
  const { api } = machine;
  switch (api.lua_type(L, -1)) {
    case LUA_TYPE.STRING:
      stringWrite(encoding, -1);
      return;
    case LUA_TYPE.NUMBER:
      numberWrite(encoding, -1);
      return;
    case LUA_TYPE.BOOLEAN:
      writerText(to, api.lua_toboolean(L, -1) ? 'true' : 'false');
      return;
    case LUA_TYPE.TABLE:
      tableWrite(encoding, depth + 1);
      return;
    case LUA_TYPE.NIL:
      writerText(to, 'null');
      return;
    case LUA_TYPE.LIGHT_USERDATA:
      if (api.lua_touserdata(L, -1) !== 0) refuse(encoding, -1, 'type not supported');
      writerText(to, 'null');
      return;
    default:
      refuse(encoding, -1, 'type not supported');
  }
}

function tableWrite(encoding: Encoding, depth: number): void {
  const { machine, L } = encoding;
  const depthMax = Math.min(jsonSetting(machine, L, JSON_SETTING.ENCODE_DEPTH_MAX), NESTING_MAX);
  if (depth > depthMax || !machine.api.lua_checkstack(L, SLOTS_EACH)) {
    luaRaiseHere(machine, L, `Cannot serialise, excessive nesting (${depth})`);
  }
  const length = arrayLength(encoding);
  if (length > 0) arrayWrite(encoding, depth, length);
  else objectWrite(encoding, depth);
}

/** The greatest index if the table can be written as an array, 0 if it is empty; -1: it is an object. */
function arrayLength(encoding: Encoding): number {
  const { machine, L } = encoding;
  const { api } = machine;
  let greatest = 0;
  let count = 0;
  api.lua_pushnil(L);
  while (api.lua_next(L, -2)) {
    api.lua_settop(L, -2);
    const isNumber = api.lua_type(L, -1) === LUA_TYPE.NUMBER;
    const key = isNumber ? api.lua_tonumber(L, -1) : Number.NaN;
    if (!Number.isInteger(key) || key < 1) {
      api.lua_settop(L, -2);
      return -1;
    }
    greatest = Math.max(greatest, key);
    count++;
  }
  const ratio = jsonSetting(machine, L, JSON_SETTING.SPARSE_RATIO);
  const safe = jsonSetting(machine, L, JSON_SETTING.SPARSE_SAFE);
  if (ratio > 0 && greatest > count * ratio && greatest > safe) {
    if (jsonSetting(machine, L, JSON_SETTING.SPARSE_CONVERT)) return -1;
    refuse(encoding, -1, 'excessively sparse array');
  }
  return greatest;
}

function arrayWrite(encoding: Encoding, depth: number, length: number): void {
  const { machine, L, to } = encoding;
  writerText(to, '[');
  if (!writerRoom(to, length * ELEMENT_BYTES_MIN)) return;
  for (let index = 1; index <= length; index++) {
    if (index > 1) writerByte(to, COMMA);
    machine.api.lua_rawgeti(L, -1, index);
    valueWrite(encoding, depth);
    machine.api.lua_settop(L, -2);
  }
  writerText(to, ']');
}

function objectWrite(encoding: Encoding, depth: number): void {
  const { machine, L, to } = encoding;
  writerText(to, '{');
  let isFirst = true;
  machine.api.lua_pushnil(L);
  while (machine.api.lua_next(L, -2)) {
    if (!isFirst) writerByte(to, COMMA);
    isFirst = false;
    keyWrite(encoding);
    writerByte(to, COLON);
    valueWrite(encoding, depth);
    machine.api.lua_settop(L, -2);
  }
  writerText(to, '}');
}

/** Writes the key, which is below its value. */
function keyWrite(encoding: Encoding): void {
  const { machine, L, to } = encoding;
  switch (machine.api.lua_type(L, -2)) {
    case LUA_TYPE.NUMBER:
      writerByte(to, QUOTE);
      numberWrite(encoding, -2);
      writerByte(to, QUOTE);
      return;
    case LUA_TYPE.STRING:
      stringWrite(encoding, -2);
      return;
    default:
      refuse(encoding, -2, 'table key must be a number or string');
  }
}

function stringWrite({ machine, L, to }: Encoding, index: number): void {
  machine.string(L, index);
  const { bytes: source, stringAt: start, stringBytes } = machine;
  if (!writerRoom(to, stringBytes * ESCAPE_BYTES_MAX + 2)) return;
  const { bytes } = to;
  let { used } = to;
  bytes[used++] = QUOTE;
  for (let at = start; at < start + stringBytes; at++) {
    const escaped = ESCAPES[source[at]];
    if (escaped === null) bytes[used++] = source[at];
    else used += escaped.copy(bytes, used);
  }
  bytes[used++] = QUOTE;
  to.used = used;
}

function numberWrite(encoding: Encoding, index: number): void {
  const { machine, L, to } = encoding;
  const value = machine.api.lua_tonumber(L, index);
  if (!Number.isFinite(value)) {
    const done = jsonSetting(machine, L, JSON_SETTING.ENCODE_INVALID_NUMBERS);
    if (done === INVALID_NUMBERS.REFUSED) refuse(encoding, index, 'must not be NaN or Inf');
    if (done === INVALID_NUMBERS.NULL) {
      writerText(to, 'null');
      return;
    }
  }
  writerText(to, realText(value, jsonSetting(machine, L, JSON_SETTING.NUMBER_PRECISION)));
}

/** Raises the error that the value at `index` cannot be written. */
function refuse({ machine, L }: Encoding, index: number, reason: string): never {
  const type = LUA_TYPE_NAMES[machine.api.lua_type(L, index)];
  return luaRaiseHere(machine, L, `Cannot serialise ${type}: ${reason}`);
}
