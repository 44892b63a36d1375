/** A Lua machine with the libraries of scripts, and a way to see what a chunk returns. */
import { LUA, LUA_STATUS } from '../../src/lua/lua-api.ts';
import {
  LuaMachine,
  luaFieldSet,
  luaLoad,
  luaPushBytes,
  luaText,
} from '../../src/lua/lua-machine.ts';
import { SCRIPT_LIBRARIES } from '../../src/lua/script-libraries.ts';

const MEMORY_BYTES = 128 << 20;

/** Shows results of any type, bytes that are no text in hexadecimal; an error as `!` and its text. */
const SHOW = `
local function show(value)
  local kind = type(value)
  if kind == 'string' and value:find('[^\\32-\\126]') then
    return '<' .. value:gsub('.', function(byte) return string.format('%02x', byte:byte()) end) .. '>'
  end
  if kind == 'string' then return "'" .. value .. "'" end
  if kind == 'number' then return string.format('%.17g', value) end
  if kind == 'userdata' then return 'null' end
  if kind ~= 'table' then return tostring(value) end
  local pairs_shown = {}
  for key, one in pairs(value) do table.insert(pairs_shown, show(key) .. '=' .. show(one)) end
  table.sort(pairs_shown)
  return '{' .. table.concat(pairs_shown, ',') .. '}'
end
local function main(input) %CHUNK end
local results = {pcall(main, input)}
if not results[1] then return '!' .. tostring(results[2]) end
local shown = {}
for index = 2, table.maxn(results) do shown[index - 1] = show(results[index]) end
return table.concat(shown, ' ')`;

export function libraryMachine(): LuaMachine {
  const machine = new LuaMachine(MEMORY_BYTES);
  const { api, L } = machine;
  for (const open of [api.luaopen_base, api.luaopen_string, api.luaopen_table, api.luaopen_math]) {
    open(L);
    api.lua_settop(L, 0);
  }
  for (const [name, push] of SCRIPT_LIBRARIES) {
    push(machine, L);
    luaFieldSet(machine, L, LUA.GLOBALS, name);
  }
  return machine;
}

/** What a chunk returns, which finds the bytes in `input`. */
export function libraryRun(
  machine: LuaMachine,
  chunk: string,
  input: Buffer = Buffer.alloc(0),
): string {
  const { api, L } = machine;
  const source = Buffer.from(
    SHOW.replace('%CHUNK', () => chunk),
    'latin1',
  );
  luaPushBytes(machine, L, input, 0, input.length);
  luaFieldSet(machine, L, LUA.GLOBALS, 'input');
  const status =
    luaLoad(machine, L, source, 0, source.length, '@chunk') || machine.call(L, 0, 1, 0);
  const text = luaText(machine, L, -1);
  api.lua_settop(L, 0);
  return status === LUA_STATUS.OK ? text : `!!${text}`;
}
