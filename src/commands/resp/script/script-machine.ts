/**
 * A thread's machine for scripts: the sandbox with `redis` in it, and what EVAL needs at hand.
 *
 *   index of the stack  1  the function that completes errors     (always there)
 *                       2  the original of the globals            (always there)
 *                       3  the script's function, its result      (during a run)
 *
 * A command that a script runs writes its reply into the machine's memory, from where it becomes a value without
 * a copy in between; and its arguments are the strings of the script where they lie.
 */
import { LUA, LUA_GC, LUA_HOOK, LUA_STATUS, LUA_TYPE } from '../../../lua/lua-api.ts';
import {
  type LuaMachine,
  luaConstant,
  luaLoad,
  luaPushBytes,
  luaPushText,
  luaText,
} from '../../../lua/lua-machine.ts';
import { Sandbox } from '../../../lua/sandbox.ts';
import { SCRIPT_LIBRARIES } from '../../../lua/script-libraries.ts';
import { REPLY_BYTES_MAX, Reply, replyRenew } from '../../../protocol/reply.ts';
import { Arguments } from '../../../protocol/resp/arguments.ts';
import { answerError, answerErrorAgain, type RespCall } from '../call.ts';
import type { Script } from './script-cache.ts';
import { ScriptFields } from './script-fields.ts';
import { scriptInterrupt } from './script-interrupt.ts';
import { scriptLibraryAdd } from './script-library.ts';
import { ReplyReader } from './script-reply-read.ts';
import { ReplyWriter } from './script-reply-write.ts';

/** What the scripts of a thread may have of memory, all together. */
const MEMORY_BYTES_MAX = 256 << 20;
/** Instructions from one look at the clock to the next: each may be a call that takes a millisecond. */
const INTERRUPT_INSTRUCTIONS = 2000;
/** Arguments that together are no longer are copied in one go. */
const SCRATCH_BYTES = 65536;
/**
 * Lua collects when it has this much of what was left after the last time: most of that are the libraries, so
 * its own 200 % would have it look at them every few hundred scripts.
 */
const GC_PAUSE_PERCENT = 400;
const CHUNK_NAME = '@user_script';

export const STACK = { HANDLER: 1, GLOBALS: 2, BASE: 2 } as const;

/** Offsets in a lua_Debug. */
const RECORD = { what: 12, source: 16, line: 20, bytes: 128 } as const;

export class ScriptMachine {
  readonly sandbox: Sandbox;
  readonly lua: LuaMachine;
  readonly fields: ScriptFields;
  readonly reader: ReplyReader;
  readonly writer: ReplyWriter;
  /** Of the command that a script runs. */
  readonly reply = new Reply();
  readonly args: Arguments;
  /** Where `reply` lies in the machine's memory. */
  readonly replyAt: number;
  /** The memory in which it lies is that of this epoch of the machine. */
  replyEpoch = 0;
  private readonly keysName: number;
  private readonly argvName: number;

  private readonly hook: number;

  /** One for scripts, or for functions. */
  constructor(call: RespCall, isForFunctions: boolean) {
    this.sandbox = new Sandbox(MEMORY_BYTES_MAX);
    this.lua = this.sandbox.machine;
    const { lua } = this;
    const { api, L } = lua;
    this.fields = new ScriptFields(lua);
    this.reader = new ReplyReader(lua, this.fields);
    this.writer = new ReplyWriter(lua, this.fields, (text, isCounted) => {
      if (isCounted) answerErrorAgain(call, text);
      else answerError(call, text);
    });
    this.args = new Arguments(lua.bytes);
    this.replyAt = api.malloc(REPLY_BYTES_MAX);
    this.reply.setsAside = true;
    this.replyReset();
    this.keysName = luaConstant(lua, 'KEYS');
    this.argvName = luaConstant(lua, 'ARGV');
    for (const [name, push] of SCRIPT_LIBRARIES) {
      push(lua, L);
      api.lua_setfield(L, LUA.GLOBALS, luaConstant(lua, name));
    }
    scriptLibraryAdd(call, this, isForFunctions);
    this.sandbox.lock();
    this.handlerPush();
    this.sandbox.globalsPush(L);
    api.lua_gc(L, LUA_GC.SET_PAUSE, GC_PAUSE_PERCENT);
    this.hook = lua.hookAdd((state) => scriptInterrupt(call, this, state));
    this.interruptsSet(L, false);
    this.sandbox.onCatch = (state) => {
      const { run } = call.scripts;
      if (run.isKilled || run.isAbandoned) this.interruptsSet(state, true);
    };
  }

  /** Has a state interrupted every so often; or, `atOnce`, before each instruction. */
  interruptsSet(L: number, atOnce: boolean): void {
    const count = atOnce ? 1 : INTERRUPT_INSTRUCTIONS;
    this.lua.api.lua_sethook(L, this.hook, LUA_HOOK.COUNT, count);
  }

  /** Bytes that scripts have in use, in whole KiB. */
  get usedBytes(): number {
    const { api, L } = this.lua;
    return api.lua_gc(L, LUA_GC.COUNT, 0) * 1024;
  }

  /** Leaves on the stack what is always there. */
  stackClear(): void {
    this.lua.api.lua_settop(this.lua.L, STACK.BASE);
  }

  /** Has the reply lie in the machine's memory, which may be another than it was. */
  replyReset(): void {
    const { bytes } = this.lua;
    replyRenew(this.reply, bytes.subarray(this.replyAt, this.replyAt + REPLY_BYTES_MAX));
    this.reply.aside.length = 0;
    this.replyEpoch = this.lua.epoch;
  }

  /** Pushes a compiled function, by its reference. */
  functionPush(reference: number): void {
    this.lua.api.lua_rawgeti(this.lua.L, LUA.REGISTRY, reference);
  }

  /** Compiles a script, unless it is; or returns what is wrong with it. */
  functionPrepare(script: Script): string | null {
    if (script.machine === this) return null;
    const { lua } = this;
    const { api, L } = lua;
    const { text, bodyAt } = script;
    if (luaLoad(lua, L, text, bodyAt, text.length - bodyAt, CHUNK_NAME) !== LUA_STATUS.OK) {
      const error = luaText(lua, L, -1);
      api.lua_settop(L, STACK.BASE);
      return `ERR Error compiling script (new function): ${error}`;
    }
    script.reference = api.luaL_ref(L, LUA.REGISTRY);
    script.machine = this;
    return null;
  }

  /** Forgets the compiled function of a script that is forgotten itself. */
  functionDrop(script: Script): void {
    const { api, L } = this.lua;
    if (script.machine === this) api.luaL_unref(L, LUA.REGISTRY, script.reference);
    script.machine = null;
  }

  /** Sets KEYS and ARGV: `keyCount` arguments of the call from `first` on, and the rest. */
  globalsSet({ args }: RespCall, first: number, keyCount: number): void {
    const { api, L } = this.lua;
    this.listPush(args, first, keyCount);
    api.lua_setfield(L, STACK.GLOBALS, this.keysName);
    this.listPush(args, first + keyCount, args.count - first - keyCount);
    api.lua_setfield(L, STACK.GLOBALS, this.argvName);
  }

  /** Pushes a table of `count` arguments from `first` on. */
  listPush(args: Arguments, first: number, count: number): void {
    const { lua } = this;
    const { api, L } = lua;
    api.lua_createtable(L, count, 0);
    if (count === 0) return;
    const { source, start, end } = args;
    const from = start[first];
    const to = end[first + count - 1];
    if (to >= from && to - from <= SCRATCH_BYTES) {
      const { scratch } = lua;
      bytesIn(lua.bytes, scratch, source, from, to);
      for (let at = 0; at < count; at++) {
        const argument = first + at;
        const bytes = end[argument] - start[argument];
        api.lua_pushlstring(L, scratch + start[argument] - from, bytes);
        api.lua_rawseti(L, -2, at + 1);
      }
      return;
    }
    for (let at = 0; at < count; at++) {
      const argument = first + at;
      luaPushBytes(lua, L, source, start[argument], end[argument] - start[argument]);
      api.lua_rawseti(L, -2, at + 1);
    }
  }

  /**
   * Pushes the function that Lua calls with an error where it was raised. It makes a table of it, and notes the
   * place: of the Lua code, where a function of ours has raised it.
   */
  private handlerPush(): void {
    const { lua, fields } = this;
    const { api } = lua;
    const record = api.malloc(RECORD.bytes);
    const what = luaConstant(lua, 'Sl');
    const handler = lua.functionAdd((L) => {
      api.lua_settop(L, 1);
      if (api.lua_type(L, 1) !== LUA_TYPE.TABLE) {
        fields.errorPush(L, `ERR ${this.errorText(L)}`);
        api.lua_replace(L, 1);
      }
      if (!this.placeFind(L, record, what)) return 1;
      fields.namePush(L, fields.names.source);
      luaPushText(lua, L, cText(lua, lua.words[(record + RECORD.source) >> 2]));
      api.lua_rawset(L, 1);
      fields.namePush(L, fields.names.line);
      api.lua_pushnumber(L, lua.words[(record + RECORD.line) >> 2]);
      api.lua_rawset(L, 1);
      return 1;
    });
    api.lua_pushcclosure(lua.L, handler, 0);
  }

  /** Finds who has raised the error that is being handled. */
  private placeFind(L: number, record: number, what: number): boolean {
    const { lua } = this;
    const { api } = lua;
    if (api.lua_getstack(L, 1, record) === 0) return false;
    api.lua_getinfo(L, what, record);
    if (cText(lua, lua.words[(record + RECORD.what) >> 2]) !== 'C') return true;
    if (api.lua_getstack(L, 2, record) === 0) return true;
    api.lua_getinfo(L, what, record);
    return true;
  }

  private errorText(L: number): string {
    const { lua } = this;
    const type = lua.api.lua_type(L, 1);
    if (type === LUA_TYPE.NIL) return 'nil';
    if (type === LUA_TYPE.BOOLEAN) return lua.api.lua_toboolean(L, 1) === 0 ? 'false' : 'true';
    return lua.string(L, 1) ? luaText(lua, L, 1) : '(error object is no string)';
  }
}

const LOOP_BYTES_MAX = 64;

/** Copies source[from, to) to `at`: the call of `copy` costs more than a short loop. */
function bytesIn(bytes: Buffer, at: number, source: Buffer, from: number, to: number): void {
  if (to - from > LOOP_BYTES_MAX) {
    source.copy(bytes, at, from, to);
    return;
  }
  for (let next = from, target = at; next < to; next++, target++) bytes[target] = source[next];
}

/** The text at an address, which ends in a zero byte. */
function cText({ bytes }: LuaMachine, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}
