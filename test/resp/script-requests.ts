/**
 * Random scripts: they make random requests, whose replies become Lua's values and these replies again, or
 * answer values of their own.
 */
import fc from 'fast-check';
import { anyRequest, type Request } from './requests.ts';

/** They wait, which 7.0 does not let scripts do at all. */
const BLOCKING = /^b[lrz]|^xread/;
/** Their maps come out in the order of Lua's tables, by which times are not found. */
const TIMED = /^x(info|pending)/;
const UNORDERED =
  /^(keys|[sz]?scan|hscan|s(members|inter|union|diff)|h(keys|vals|getall)|(spop|.*rand.*)|sort)$/;

/** Doubles are printed with 17 digits by 7.0, and from 7.2 on with as many as it takes. */
const PRINTS_DOUBLES = /^(z|geo)/;

/** Scripts that make the request of their arguments, and answer what that is answered. */
const PLAIN = [
  'return redis.call(unpack(ARGV))',
  'return redis.pcall(unpack(ARGV))',
  'redis.setresp(3) return redis.call(unpack(ARGV))',
  'redis.setresp(3) return redis.pcall(unpack(ARGV))',
  'redis.setresp(3) redis.setresp(2) local reply = redis.call(unpack(ARGV)) return reply',
  '#!lua\nreturn redis.call(unpack(ARGV))',
  '#!lua flags=no-writes\nreturn redis.pcall(unpack(ARGV))',
  '#!lua flags=allow-oom,no-cluster\nreturn redis.pcall(unpack(ARGV))',
];

/** What scripts make of a reply. */
const ADAPTED = [
  'return {type(redis.pcall(unpack(ARGV)))}',
  'local reply = redis.pcall(unpack(ARGV)) return {1, reply, 2}',
  'local reply = redis.pcall(unpack(ARGV)) return type(reply) == "table" and (reply.err or reply.ok or #reply) or reply',
  'redis.setresp(3) local reply = redis.pcall(unpack(ARGV)) return type(reply) == "table" and (reply.err or reply.ok or reply.double or #reply) or reply == nil',
  'local reply = redis.pcall(unpack(ARGV)) return cjson.encode(reply)',
  'local reply = redis.pcall(unpack(ARGV)) return cmsgpack.unpack(cmsgpack.pack(reply))',
  'local reply = redis.call(unpack(ARGV)) return tostring(reply):sub(1, 5)',
  'local ok, reply = pcall(redis.call, unpack(ARGV)) return {tostring(ok), reply}',
  'local ok, reply = pcall(redis.call, unpack(ARGV)) if not ok then error(reply) end return ok',
  'local first = redis.pcall(unpack(ARGV)) local second = redis.pcall(unpack(ARGV)) return {first, second}',
  'redis.call("select", 1) local reply = redis.pcall(unpack(ARGV)) return {reply}',
  'redis.pcall(unpack(ARGV)) return redis.call("dbsize")',
  'redis.pcall(unpack(ARGV)) return {KEYS, redis.call("exists", KEYS[1] or "a")}',
];

/** Values without a request. */
const VALUES = [
  'return 1', 'return -1.9', 'return 3.99', 'return "text"', 'return true', 'return false', 'return nil', 'return', '',
  'return {}', 'return {1, 2, {3, {"four", {}}}}', 'return {1, nil, 3}', 'return {1, false, true, 2.5}', 'return 1e15', 'return 2^53',
  'return {err = "E of mine"}', 'return {err = "without a code"}', 'return {err = ""}', 'return {ok = "fine"}', 'return {ok = ""}',
  'return redis.error_reply("E x")', 'return redis.error_reply("my error")', 'return redis.error_reply("-E x")', 'return redis.status_reply("fine")',
  'return redis.error_reply("")', 'return redis.error_reply()', 'return redis.error_reply({})', 'return redis.status_reply(1)',
  'return {double = 3.25}', 'return {double = "x"}', 'return {double = 1e15}', 'return {big_number = "12345678901234567890"}', 'return {map = {a = 1}}', 'return {map = {[1] = {map = {}}}}',
  'return {set = {x = true}}', 'return {set = {}}', 'return {verbatim_string = {format = "txt", string = "some text"}}', 'return {verbatim_string = "x"}',
  'redis.setresp(3) return true', 'redis.setresp(3) return false', 'redis.setresp(3) return nil', 'redis.setresp(3) return {double = 0.5, 1}',
  'redis.setresp(3) return {map = {a = {set = {b = true}}}}', 'redis.setresp(3) return {1, {double = 1}, false, {big_number = "1"}}', 'redis.setresp(1)', 'redis.setresp()', 'redis.setresp("x")',
  'error("mine")', 'error({err = "E mine"})', 'error({err = "mine", source = "x", line = 7})', 'error("mine", 0)', 'error("mine", 2)', 'assert(false)', 'assert(nil, "asserted")', 'local x = nil .. "x"',
  'return x', 'x = 1', 'return #KEYS + #ARGV', 'return {KEYS, ARGV}', 'return KEYS[1] .. ARGV[1]', 'this is no Lua', 'return 1 1', 'return "unfinished', 'for', '-- a comment', 'return [[long]]',
  'return redis.sha1hex("")', 'return redis.sha1hex()', 'return {redis.REPL_ALL, redis.REPL_NONE, redis.LOG_WARNING}', 'return redis.set_repl(redis.REPL_NONE)', 'return redis.set_repl(99)', 'return redis.replicate_commands()',
  'return redis.log(redis.LOG_DEBUG, "x")', 'return redis.log()', 'return redis.log(9, "x")', 'return redis.call()', 'return redis.call({})', 'return redis.call("nothing")', 'return redis.call("get")', 'return redis.pcall("get", "a", "b").err',
  'return tostring(redis.call("ping").ok)', 'return {type(redis.call), type(cjson), type(bit), type(struct), type(cmsgpack)}', 'return tonumber("0x10")', 'return tostring(0/0)', 'return {0/0 ~= 0/0}',
  'return cjson.encode({a = 1.5, })', 'return cjson.encode({1, "x", false, cjson.null, {}})', 'return cjson.decode("[1, 2.5, null, true, {}]")', 'return cjson.decode("{\\"a\\": [1]}").a', 'return cjson.decode("[")', 'return cjson.encode(0.1)',
  'return struct.pack(">HBl", 1, 2, -3)', 'return {struct.unpack(">Hs", "\\1\\2text\\0rest")}', 'return bit.tohex(255, 4)', 'return {bit.band(6, 3), bit.bnot(1), bit.lshift(1, 31), bit.rol(1, 33)}', 'return cmsgpack.pack({1, "a", {x = 2.5}, false})',
  '#!lua flags=nothing\nreturn 1', '#!lua name=x\nreturn 1', '#!python\nreturn 1', '#!lua\nreturn 1', '#!lua flags=\nreturn 1', '#!lua flags=no-writes\nreturn redis.call("set", "a", 1)', '#! lua\nreturn 1',
  'return string.format("%s %d %5.2f %q %x", "a", 3, 2.5, "q", 255)', 'return {("a,b"):find(",", 1, true)}', 'return (("hello"):gsub("l", "L"))', 'return {unpack({1, 2, 3})}', 'return table.concat({1, 2, "x"}, "-")', 'return math.floor(-2.5) + math.max(1, 7)',
]; // biome-ignore format: words

/** A library of functions, to be loaded before. */
export const LIBRARY = `#!lua name=tried
redis.register_function('called', function(keys, args) return redis.call(unpack(args)) end)
redis.register_function('answered', function(keys, args) return redis.pcall(unpack(args)) end)
redis.register_function{
  function_name = 'looked',
  flags = {'no-writes'},
  callback = function(keys, args) redis.setresp(3) return redis.pcall(unpack(args)) end,
}
redis.register_function('doubled', function(keys, args) return {keys, redis.pcall(unpack(args))} end)`;
/** Of these: whose answer is that of their request. */
const PLAIN_FUNCTIONS = ['called', 'answered', 'looked'];

const keysAny = fc.array(
  fc.constantFrom('a', 'b', 'str', 'list', 'set', 'zset', 'hash', 'stream'),
  {
    maxLength: 3,
  },
);
const innerAny = anyRequest.filter(([command]) => !BLOCKING.test(command) && !TIMED.test(command));
const orderedInner = innerAny.filter(
  ([command]) => !UNORDERED.test(command) && !PRINTS_DOUBLES.test(command),
);

function scriptOf(
  scripts: readonly string[],
  inner: fc.Arbitrary<Request>,
  name = 'eval',
): fc.Arbitrary<Request> {
  const names = fc.constantFrom(name, name, name, `${name}_ro`);
  return fc
    .tuple(names, fc.constantFrom(...scripts), keysAny, inner)
    .map(([command, script, keys, request]) => [
      command,
      script,
      `${keys.length}`,
      ...keys,
      ...request,
    ]);
}

const wrong = fc.constantFrom<Request>(
  ['eval', 'return 1'],
  ['eval', 'return 1', 'x'],
  ['eval', 'return 1', '-1'],
  ['eval', 'return 1', '2', 'a'],
  ['evalsha', '0'.repeat(40), '0'],
  ['evalsha', 'x', '0'],
  ['evalsha_ro', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', '0'],
  ['evalsha', 'E0E1F9FABFC9D4800C877A703B823AC0578FF8DB', '1', 'a'],
  ['script', 'load', 'return 1'],
  ['script', 'load', 'no Lua'],
  ['script', 'exists', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 'x'],
  ['script', 'flush', 'sync'],
  ['script', 'flush', 'x'],
  ['script', 'kill'],
  ['script', 'nothing'],
  ['fcall', 'missing', '0'],
  ['fcall', 'called', '-1'],
  ['fcall', 'called', '2', 'a'],
  ['function', 'delete', 'tried'],
  ['function', 'load', LIBRARY],
  ['function', 'load', 'replace', LIBRARY],
  ['function', 'load', '#!lua name=x\nreturn 1'],
  ['function', 'load', 'no library'],
  ['function', 'list', 'libraryname', 'missing'],
  ['function', 'stats'],
  ['function', 'kill'],
);

/** A script that makes a request, and answers what that is answered. */
export const plainScriptRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 5, arbitrary: scriptOf(PLAIN, innerAny) },
  { weight: 3, arbitrary: scriptOf(PLAIN_FUNCTIONS, innerAny, 'fcall') },
);

/** A request that is a script, or that is about scripts. */
export const scriptRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 13, arbitrary: plainScriptRequest },
  { weight: 2, arbitrary: scriptOf(['doubled'], orderedInner, 'fcall') },
  { weight: 6, arbitrary: scriptOf(ADAPTED, orderedInner) },
  { weight: 4, arbitrary: scriptOf(VALUES, fc.constant(['1', 'x'])) },
  { weight: 1, arbitrary: wrong },
);

/** The request that a script makes whose own reply is the answer; or the request itself. */
export function requestAnswered(request: Request): Request {
  const [command, script, keyCount] = request;
  const isPlain =
    (/^eval(_ro)?$/.test(command) && PLAIN.includes(script)) ||
    (/^fcall(_ro)?$/.test(command) && PLAIN_FUNCTIONS.includes(script));
  return isPlain && request.length > 3 ? request.slice(3 + Number(keyCount)) : request;
}
