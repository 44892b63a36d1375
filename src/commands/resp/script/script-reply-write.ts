/**
 * Lua values as replies: script-reply-read.ts has the table. Strings are written from the machine's memory.
 *
 * Nothing here asks a metatable or raises an error: the script is over.
 */
import { LUA_TYPE } from '../../../lua/lua-api.ts';
import type { LuaMachine } from '../../../lua/lua-machine.ts';
import { type Reply, replyByte, replyLineEnd, replyRoom } from '../../../protocol/reply.ts';
import {
  respArray,
  respBigInteger,
  respBigNumber,
  respBoolean,
  respBulk,
  respDouble,
  respError,
  respInteger,
  respMap,
  respNull,
  respSet,
  respSimple,
  respVerbatim,
} from '../../../protocol/resp/reply.ts';
import type { ScriptFields } from './script-fields.ts';

const NESTED_TOO_DEEPLY = 'ERR reached lua stack limit';
const INT64_MAX = 2 ** 63;
/** So long a status is written byte by byte, which most are. */
const STATUS_BYTES_SHORT = 64;
const PLUS = 0x2b;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;

export class ReplyWriter {
  private readonly machine: LuaMachine;
  private readonly fields: ScriptFields;
  /** Answers an error, which was counted already or was not. */
  private readonly answer: (text: string, isCounted: boolean) => void;

  constructor(
    machine: LuaMachine,
    fields: ScriptFields,
    answer: (text: string, isCounted: boolean) => void,
  ) {
    this.machine = machine;
    this.fields = fields;
    this.answer = answer;
  }

  /** Writes the value on top, and takes it away. `resp`: the version that the script has chosen. */
  write(L: number, reply: Reply, resp: number): void {
    const { api } = this.machine;
    if (api.lua_checkstack(L, 5) === 0) {
      respError(reply, NESTED_TOO_DEEPLY);
      api.lua_settop(L, -2);
      return;
    }
    switch (api.lua_type(L, -1)) {
      case LUA_TYPE.STRING:
        this.stringWrite(L, reply);
        break;
      case LUA_TYPE.NUMBER:
        respInteger64(reply, api.lua_tonumber(L, -1));
        break;
      case LUA_TYPE.BOOLEAN: {
        const value = api.lua_toboolean(L, -1) !== 0;
        if (resp === 3) respBoolean(reply, value);
        else if (value) respInteger(reply, 1);
        else respNull(reply);
        break;
      }
      case LUA_TYPE.TABLE:
        if (!this.markedWrite(L, reply, resp)) this.arrayWrite(L, reply, resp);
        break;
      default:
        respNull(reply);
    }
    api.lua_settop(L, -2);
  }

  private stringWrite(L: number, reply: Reply): void {
    const { machine } = this;
    machine.string(L, -1);
    respBulk(reply, machine.bytes, machine.stringAt, machine.stringBytes);
  }

  private textAt(L: number, index: number): string {
    const { machine } = this;
    if (!machine.string(L, index)) return '';
    const { stringAt, stringBytes } = machine;
    return machine.bytes.toString('latin1', stringAt, stringAt + stringBytes);
  }

  /** Writes the table on top if one of the fields says what it is; leaves what it likes above it. */
  private markedWrite(L: number, reply: Reply, resp: number): boolean {
    const { api } = this.machine;
    const top = api.lua_gettop(L);
    const isWritten =
      this.oneFieldWrite(L, reply) ||
      this.verbatimWrite(L, reply) ||
      this.manyWrite(L, reply, resp);
    api.lua_settop(L, top);
    return isWritten;
  }

  /** Tables with `err`, `ok`, `double` or `big_number`. */
  private oneFieldWrite(L: number, reply: Reply): boolean {
    const { api } = this.machine;
    if (this.fields.fieldPush(L, this.fields.names.err) === LUA_TYPE.STRING) {
      this.errorWrite(L);
      return true;
    }
    api.lua_settop(L, -2);
    if (this.fields.fieldPush(L, this.fields.names.ok) === LUA_TYPE.STRING) {
      this.statusWrite(L, reply);
      return true;
    }
    api.lua_settop(L, -2);
    if (this.fields.fieldPush(L, this.fields.names.double) === LUA_TYPE.NUMBER) {
      respDouble(reply, api.lua_tonumber(L, -1));
      return true;
    }
    api.lua_settop(L, -2);
    if (this.fields.fieldPush(L, this.fields.names.big_number) === LUA_TYPE.STRING) {
      respBigNumber(reply, this.textAt(L, -1).replace(/[\r\n]/g, ' '));
      return true;
    }
    api.lua_settop(L, -2);
    return false;
  }

  /** Writes the string on top as a status; line ends become spaces. */
  private statusWrite(L: number, reply: Reply): void {
    const { machine } = this;
    machine.string(L, -1);
    const { bytes, stringAt, stringBytes } = machine;
    if (stringBytes > STATUS_BYTES_SHORT) {
      respSimple(reply, this.textAt(L, -1).replace(/[\r\n]/g, ' '));
      return;
    }
    replyRoom(reply, STATUS_BYTES_SHORT + 3);
    replyByte(reply, PLUS);
    for (let at = stringAt; at < stringAt + stringBytes; at++) {
      const byte = bytes[at];
      replyByte(reply, byte === CR || byte === LF ? SPACE : byte);
    }
    replyLineEnd(reply);
  }

  /** Writes the error whose text is on top, and the table it is of below. */
  private errorWrite(L: number): void {
    const { api } = this.machine;
    const text = this.textAt(L, -1);
    api.lua_settop(L, -2);
    const isCounted =
      this.fields.fieldPush(L, this.fields.names.ignore_error_stats_update) === LUA_TYPE.BOOLEAN &&
      api.lua_toboolean(L, -1) !== 0;
    this.answer(text, isCounted);
  }

  private verbatimWrite(L: number, reply: Reply): boolean {
    const { api } = this.machine;
    if (this.fields.fieldPush(L, this.fields.names.verbatim_string) === LUA_TYPE.TABLE) {
      if (this.fields.fieldPush(L, this.fields.names.format) === LUA_TYPE.STRING) {
        const format = this.textAt(L, -1).slice(0, 3).padEnd(3, ' ');
        api.lua_settop(L, -2);
        if (this.fields.fieldPush(L, this.fields.names.string) === LUA_TYPE.STRING) {
          respVerbatim(reply, format, this.textAt(L, -1));
          return true;
        }
      }
      api.lua_settop(L, -2);
    }
    api.lua_settop(L, -2);
    return false;
  }

  /** Tables with `map` or `set`. */
  private manyWrite(L: number, reply: Reply, resp: number): boolean {
    const { api } = this.machine;
    if (this.fields.fieldPush(L, this.fields.names.map) === LUA_TYPE.TABLE) {
      respMap(reply, this.entryCount(L));
      api.lua_pushnil(L);
      while (api.lua_next(L, -2) !== 0) {
        api.lua_pushvalue(L, -2);
        this.write(L, reply, resp);
        this.write(L, reply, resp);
      }
      return true;
    }
    api.lua_settop(L, -2);
    if (this.fields.fieldPush(L, this.fields.names.set) === LUA_TYPE.TABLE) {
      respSet(reply, this.entryCount(L));
      api.lua_pushnil(L);
      while (api.lua_next(L, -2) !== 0) {
        api.lua_settop(L, -2);
        api.lua_pushvalue(L, -1);
        this.write(L, reply, resp);
      }
      return true;
    }
    api.lua_settop(L, -2);
    return false;
  }

  private entryCount(L: number): number {
    const { api } = this.machine;
    let count = 0;
    api.lua_pushnil(L);
    while (api.lua_next(L, -2) !== 0) {
      count++;
      api.lua_settop(L, -2);
    }
    return count;
  }

  private arrayWrite(L: number, reply: Reply, resp: number): void {
    const { api } = this.machine;
    let end = 1;
    for (; ; end++) {
      api.lua_rawgeti(L, -1, end);
      const isEnd = api.lua_type(L, -1) === LUA_TYPE.NIL;
      api.lua_settop(L, -2);
      if (isEnd) break;
    }
    respArray(reply, end - 1);
    for (let index = 1; index < end; index++) {
      api.lua_rawgeti(L, -1, index);
      this.write(L, reply, resp);
    }
  }
}

/** A double as an integer of 64 bits, cut towards zero as C does it; what does not fit is the least of them. */
function respInteger64(reply: Reply, value: number): void {
  const cut = Math.trunc(value);
  if (Number.isSafeInteger(cut)) respInteger(reply, cut === 0 ? 0 : cut);
  else respBigInteger(reply, cut >= -INT64_MAX && cut < INT64_MAX ? BigInt(cut) : -(2n ** 63n));
}
