/**
 * Replies as Lua values; the way back is script-reply-write.ts.
 *
 *   RESP          Lua                                       Lua            RESP2        RESP3
 *   +text         {ok = text}                               string         $            $
 *   -text         {err = text}                              number         : cut        :
 *   :1            1                                         true           :1           #t  (RESP2 in the script: :1)
 *   $text         "text"                                    false          null         #f  (RESP2 in the script: null)
 *   *             {1, 2, …}                                 nil, others    null         _
 *   $-1 *-1       false                                     {…} to the first nil: *
 *   _             nil                                       and the tables of the left column, as they came
 *   #t ,1.5 (1    true {double = 1.5} {big_number = "1"}
 *   %{…} ~{…}     {map = {…}} {set = {e = true}}
 *   =txt:text     {verbatim_string = {format =, string =}}
 *
 * A reply is read from the memory of the machine, where the command has written it, and a value is written
 * from there: strings are copied once.
 *
 * Spec: Redis, "Lua API: data type conversion".
 */
import type { LuaMachine } from '../../../lua/lua-machine.ts';
import type { ScriptFields } from './script-fields.ts';

const CR = 0x0d;
const MINUS = 0x2d;
const TYPE = {
  BULK: 0x24,
  SIMPLE: 0x2b,
  ERROR: 0x2d,
  INTEGER: 0x3a,
  ARRAY: 0x2a,
  NULL: 0x5f,
  BOOLEAN: 0x23,
  DOUBLE: 0x2c,
  BIG_NUMBER: 0x28,
  MAP: 0x25,
  SET: 0x7e,
  VERBATIM: 0x3d,
  ATTRIBUTE: 0x7c,
  PUSH: 0x3e,
} as const;
const TRUE = 0x74;
/** Digits that a double holds exactly. */
const EXACT_DIGITS = 15;

export class ReplyReader {
  private readonly machine: LuaMachine;
  private readonly fields: ScriptFields;
  /** Where the line ends that was read last, and where the one behind it starts. */
  private lineEnd = 0;
  private lineNext = 0;

  constructor(machine: LuaMachine, fields: ScriptFields) {
    this.machine = machine;
    this.fields = fields;
  }

  /** Pushes the reply at `at` of the machine's memory; returns where it ends. */
  push(L: number, at: number): number {
    const { machine } = this;
    const { api } = machine;
    const type = machine.bytes[at];
    const start = at + 1;
    this.lineFind(start);
    switch (type) {
      case TYPE.BULK:
        return this.bulkPush(L, start);
      case TYPE.INTEGER:
        api.lua_pushnumber(L, this.integer(start));
        break;
      case TYPE.SIMPLE:
        this.textTablePush(L, this.fields.names.ok, start);
        break;
      case TYPE.ERROR:
        this.errorPush(L, start);
        break;
      case TYPE.ARRAY:
      case TYPE.PUSH:
        return this.arrayPush(L, start);
      case TYPE.NULL:
        api.lua_pushnil(L);
        break;
      case TYPE.BOOLEAN:
        api.lua_pushboolean(L, machine.bytes[start] === TRUE ? 1 : 0);
        break;
      case TYPE.DOUBLE:
        this.fields.tablePush(L, this.fields.names.double);
        api.lua_pushnumber(L, doubleOf(machine.bytes.toString('latin1', start, this.lineEnd)));
        api.lua_rawset(L, -3);
        break;
      case TYPE.BIG_NUMBER:
        this.textTablePush(L, this.fields.names.big_number, start);
        break;
      case TYPE.MAP:
        return this.mapPush(L, start);
      case TYPE.SET:
        return this.setPush(L, start);
      case TYPE.VERBATIM:
        return this.verbatimPush(L, start);
      case TYPE.ATTRIBUTE:
        return this.attributeSkip(L, start);
    }
    return this.lineNext;
  }

  private errorPush(L: number, start: number): void {
    this.textTablePush(L, this.fields.names.err, start);
    this.fields.countedMark(L);
  }

  private textTablePush(L: number, name: number, start: number): void {
    const { api } = this.machine;
    const bytes = this.lineEnd - start;
    this.fields.tablePush(L, name);
    api.lua_pushlstring(L, start, bytes);
    api.lua_rawset(L, -3);
  }

  private bulkPush(L: number, start: number): number {
    const { api } = this.machine;
    const bytes = this.integer(start);
    const { lineNext } = this;
    if (bytes < 0) {
      api.lua_pushboolean(L, 0);
      return lineNext;
    }
    api.lua_pushlstring(L, lineNext, bytes);
    return lineNext + bytes + 2;
  }

  private arrayPush(L: number, start: number): number {
    const { api } = this.machine;
    const count = this.integer(start);
    let at = this.lineNext;
    if (count < 0) {
      api.lua_pushboolean(L, 0);
      return at;
    }
    api.luaL_checkstack(L, 6, 0);
    api.lua_createtable(L, count, 0);
    for (let index = 1; index <= count; index++) {
      at = this.push(L, at);
      api.lua_rawseti(L, -2, index);
    }
    return at;
  }

  private mapPush(L: number, start: number): number {
    const { api } = this.machine;
    const count = this.integer(start);
    let at = this.lineNext;
    api.luaL_checkstack(L, 6, 0);
    this.fields.tablePush(L, this.fields.names.map);
    api.lua_createtable(L, 0, count);
    for (let left = count; left > 0; left--) {
      at = this.push(L, at);
      at = this.push(L, at);
      api.lua_rawset(L, -3);
    }
    api.lua_rawset(L, -3);
    return at;
  }

  private setPush(L: number, start: number): number {
    const { api } = this.machine;
    const count = this.integer(start);
    let at = this.lineNext;
    api.luaL_checkstack(L, 6, 0);
    this.fields.tablePush(L, this.fields.names.set);
    api.lua_createtable(L, 0, count);
    for (let left = count; left > 0; left--) {
      at = this.push(L, at);
      api.lua_pushboolean(L, 1);
      api.lua_rawset(L, -3);
    }
    api.lua_rawset(L, -3);
    return at;
  }

  private verbatimPush(L: number, start: number): number {
    const { api } = this.machine;
    const bytes = this.integer(start);
    const at = this.lineNext;
    api.luaL_checkstack(L, 6, 0);
    this.fields.tablePush(L, this.fields.names.verbatim_string);
    this.fields.tablePush(L, this.fields.names.format);
    api.lua_pushlstring(L, at, 3);
    api.lua_rawset(L, -3);
    this.fields.namePush(L, this.fields.names.string);
    api.lua_pushlstring(L, at + 4, bytes - 4);
    api.lua_rawset(L, -3);
    api.lua_rawset(L, -3);
    return at + bytes + 2;
  }

  /** Scripts do not see attributes, only what these belong to. */
  private attributeSkip(L: number, start: number): number {
    const { api } = this.machine;
    const count = this.integer(start);
    let at = this.lineNext;
    for (let left = count * 2; left > 0; left--) {
      at = this.push(L, at);
      api.lua_settop(L, -2);
    }
    return this.push(L, at);
  }

  private lineFind(start: number): void {
    const { bytes } = this.machine;
    let at = start;
    while (bytes[at] !== CR) at++;
    this.lineEnd = at;
    this.lineNext = at + 2;
  }

  /** The integer from `start` to the end of the line. */
  private integer(start: number): number {
    const { lineEnd } = this;
    const { bytes } = this.machine;
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    if (lineEnd - first > EXACT_DIGITS) return Number(bytes.toString('latin1', start, lineEnd));
    let value = 0;
    for (let at = first; at < lineEnd; at++) value = value * 10 + (bytes[at] - 0x30);
    return isNegative ? -value : value;
  }
}

function doubleOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  if (text === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}
