/**
 * The library `redis`, as scripts see it; `server` is the same by its other name.
 *
 * Spec: Redis, "Lua API". Texts: valkey-io/valkey src/script_lua.c, with Redis's name in them.
 */
import { LUA, LUA_TYPE } from '../../../lua/lua-api.ts';
import {
  type LuaFunction,
  luaConstant,
  luaFieldSet,
  luaFunctionSet,
  luaPushText,
  luaText,
} from '../../../lua/lua-machine.ts';
import type { LogLevel } from '../../server-context.ts';
import { aclVerdict } from '../acl/acl-check.ts';
import type { RespCall } from '../call.ts';
import { REDIS_VERSION } from '../version.ts';
import { scriptArgumentsTake } from './script-arguments.ts';
import { scriptSha } from './script-cache.ts';
import { commandFind, scriptCommand } from './script-command.ts';
import type { ScriptMachine } from './script-machine.ts';

const LOG_LEVELS: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning'];
const REPL = { NONE: 0, AOF: 1, REPLICA: 2, ALL: 3 } as const;
const NUMBERS: readonly (readonly [name: string, value: number])[] = [
  ['LOG_DEBUG', 0],
  ['LOG_VERBOSE', 1],
  ['LOG_NOTICE', 2],
  ['LOG_WARNING', 3],
  ['REPL_NONE', REPL.NONE],
  ['REPL_AOF', REPL.AOF],
  ['REPL_SLAVE', REPL.REPLICA],
  ['REPL_REPLICA', REPL.REPLICA],
  ['REPL_ALL', REPL.ALL],
  ['REDIS_VERSION_NUM', versionNumber(REDIS_VERSION)],
];
const WRONG_ARGUMENTS = 'ERR wrong number or type of arguments';

/** Sets the globals `redis` and `server`. */
export function scriptLibraryAdd(
  call: RespCall,
  machine: ScriptMachine,
  isForFunctions: boolean,
): void {
  const { lua } = machine;
  const { api, L } = lua;
  api.lua_createtable(L, 0, 32);
  const add = (name: string, run: LuaFunction): void => luaFunctionSet(lua, L, -1, name, run);
  add('call', (state) => scriptCommand(call, machine, state, true));
  add('pcall', (state) => scriptCommand(call, machine, state, false));
  add('error_reply', (state) => errorReply(machine, state));
  add('status_reply', (state) => statusReply(machine, state));
  add('sha1hex', (state) => sha1hex(machine, state));
  add('log', (state) => log(call, machine, state));
  add('setresp', (state) => setresp(call, machine, state));
  add('set_repl', (state) => setRepl(machine, state));
  add('acl_check_cmd', (state) => aclCheckCommand(call, machine, state));
  if (!isForFunctions) {
    add('replicate_commands', (state) => {
      api.lua_pushboolean(state, 1);
      return 1;
    });
    add('breakpoint', (state) => {
      api.lua_pushboolean(state, 0); // there is no debugger
      return 1;
    });
    add('debug', () => 0);
  }
  for (const [name, value] of NUMBERS) {
    api.lua_pushnumber(L, value);
    luaFieldSet(lua, L, -2, name);
  }
  luaPushText(lua, L, REDIS_VERSION);
  luaFieldSet(lua, L, -2, 'REDIS_VERSION');
  api.lua_pushvalue(L, -1);
  api.lua_setfield(L, LUA.GLOBALS, luaConstant(lua, 'redis'));
  api.lua_setfield(L, LUA.GLOBALS, luaConstant(lua, 'server'));
}

function versionNumber(version: string): number {
  const [major, minor, patch] = version.split('.').map(Number) as [number, number, number];
  return (major << 16) | (minor << 8) | patch;
}

/** Raises an error of the library's own. */
function refuse({ lua, fields }: ScriptMachine, L: number, text: string): never {
  fields.errorPush(L, `ERR ${text}`);
  return lua.api.lua_error(L);
}

/** Whether there is one argument, and that a string. */
function isOneString({ lua: { api } }: ScriptMachine, L: number): boolean {
  return api.lua_gettop(L) === 1 && api.lua_type(L, 1) === LUA_TYPE.STRING;
}

/** The text of an error, with a code in any case: `-CODE text`, `CODE text`; `text` has none. */
function errorReply(machine: ScriptMachine, L: number): number {
  const { lua, fields } = machine;
  if (!isOneString(machine, L)) {
    fields.errorPush(L, WRONG_ARGUMENTS);
    return 1;
  }
  const text = luaText(lua, L, 1).replace(/^-/, '');
  const said = text.includes(' ') ? text : `ERR ${text}`;
  fields.errorPush(L, said.replace(/^[\r\n]+|[\r\n]+$/g, ''));
  return 1;
}

function statusReply(machine: ScriptMachine, L: number): number {
  const { lua, fields } = machine;
  if (!isOneString(machine, L)) {
    fields.errorPush(L, WRONG_ARGUMENTS);
    return 1;
  }
  fields.tablePush(L, fields.names.ok);
  lua.api.lua_pushvalue(L, 1);
  lua.api.lua_rawset(L, -3);
  return 1;
}

function sha1hex(machine: ScriptMachine, L: number): number {
  const { lua } = machine;
  if (lua.api.lua_gettop(L) !== 1) refuse(machine, L, 'wrong number of arguments');
  lua.string(L, 1);
  const { bytes, stringAt, stringBytes } = lua;
  luaPushText(lua, L, scriptSha(bytes.subarray(stringAt, stringAt + stringBytes)));
  return 1;
}

function log({ server }: RespCall, machine: ScriptMachine, L: number): number {
  const { lua } = machine;
  const { api } = lua;
  const count = api.lua_gettop(L);
  if (count < 2) refuse(machine, L, 'redis.log() requires two arguments or more.');
  if (api.lua_isnumber(L, 1) === 0) {
    refuse(machine, L, 'First argument must be a number (log level).');
  }
  const level = LOG_LEVELS[Math.trunc(api.lua_tonumber(L, 1))];
  if (level === undefined) refuse(machine, L, 'Invalid debug level.');
  const words: string[] = [];
  for (let index = 2; index <= count; index++) {
    if (api.lua_isstring(L, index) !== 0) words.push(luaText(lua, L, index));
  }
  server.log(level, words.join(' '));
  return 0;
}

function setresp({ scripts }: RespCall, machine: ScriptMachine, L: number): number {
  const { api } = machine.lua;
  if (api.lua_gettop(L) !== 1) refuse(machine, L, 'redis.setresp() requires one argument.');
  const resp = Math.trunc(api.lua_tonumber(L, 1));
  if (resp !== 2 && resp !== 3) refuse(machine, L, 'RESP version must be 2 or 3.');
  scripts.run.resp = resp;
  if (scripts.run.session !== null) scripts.run.session.resp = resp;
  return 0;
}

/** There is neither an AOF nor a replica that anything could be kept from. */
function setRepl(machine: ScriptMachine, L: number): number {
  const { api } = machine.lua;
  if (api.lua_gettop(L) !== 1) refuse(machine, L, 'redis.set_repl() requires two arguments.');
  const flags = Math.trunc(api.lua_tonumber(L, 1));
  if ((flags & ~REPL.ALL) !== 0) {
    refuse(
      machine,
      L,
      'Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.',
    );
  }
  return 0;
}

/** Whether the client's user may run a command. */
function aclCheckCommand(call: RespCall, machine: ScriptMachine, L: number): number {
  const { lua, fields } = machine;
  const unfit = scriptArgumentsTake(machine, L);
  if (unfit !== null) {
    fields.errorPush(L, unfit);
    return lua.api.lua_error(L);
  }
  const command = commandFind(call, machine);
  if (command === null) {
    return refuse(machine, L, 'Invalid command passed to redis.acl_check_cmd()');
  }
  const verdict = aclVerdict(call.session.user, command, machine.args);
  lua.api.lua_pushboolean(L, verdict === 0 ? 1 : 0);
  return 1;
}
