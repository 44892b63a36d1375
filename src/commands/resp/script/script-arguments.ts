/** The arguments of redis.call: ranges of the machine's memory, where the script's strings lie. */
import { LUA_TYPE } from '../../../lua/lua-api.ts';
import { luaPushText } from '../../../lua/lua-machine.ts';
import { argumentPush } from '../../../protocol/resp/arguments.ts';
import type { ScriptMachine } from './script-machine.ts';

const NONE = 'ERR Please specify at least one argument for this redis lib call';
const UNFIT = 'ERR Lua redis lib command arguments must be strings or integers';

/** Takes what is on the stack as arguments, and leaves it there. Returns what is wrong, or null. */
export function scriptArgumentsTake({ lua, args }: ScriptMachine, L: number): string | null {
  const { api } = lua;
  const count = api.lua_gettop(L);
  if (count === 0) return NONE;
  args.count = 0;
  for (let index = 1; index <= count; index++) {
    if (api.lua_type(L, index) === LUA_TYPE.NUMBER) {
      luaPushText(lua, L, numberText(api.lua_tonumber(L, index)));
      api.lua_replace(L, index);
    }
    if (!lua.string(L, index)) return UNFIT;
    argumentPush(args, lua.stringAt, lua.stringAt + lua.stringBytes);
  }
  args.source = lua.bytes; // which may have moved on the way
  return null;
}

/** Digits that are written of a number, and the first power of ten that takes an exponent. */
const DIGITS = 17;

/** A number with 17 digits, as C writes it by `%.17g`. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e17) {
    return Object.is(value, -0) ? '-0' : `${value}`;
  }
  if (Number.isNaN(value)) return '-nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa, power] = value.toExponential(DIGITS - 1).split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < DIGITS) {
    return zerosCut(value.toFixed(DIGITS - 1 - exponent));
  }
  const sign = exponent < 0 ? '-' : '+';
  return `${zerosCut(mantissa)}e${sign}${`${Math.abs(exponent)}`.padStart(2, '0')}`;
}

function zerosCut(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
