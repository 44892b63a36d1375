/** Sessions of FUNCTION and FCALL: libraries come and go, and what they may register and do. */
import { type Session, type Step, session } from './session.ts';

const lib = (name: string, body: string): string => `#!lua name=${name}\n${body}`;
const load = (body: string): readonly string[] => ['function', 'load', lib('tried', body)];
const NAMES =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long';
const misused = (word: string): string =>
  `-ERR unknown subcommand or wrong number of arguments for '${word}'. Try FUNCTION HELP.`;
const NOT_FOUND = '-ERR Function not found';

const ECHO = "redis.register_function('echo', function(keys, args) return {keys, args} end)";
const FLAGGED = `redis.register_function{
  function_name = 'one',
  callback = function() return 1 end,
  flags = {'no-writes', 'allow-oom'},
  description = 'answers one',
}`;

/** A library whose code does this while it is loaded, and what is said of it. */
function fault(body: string, said: string): Step {
  return [load(body), `-ERR Error registering functions: ERR ${said}`];
}
const placed = (text: string): string => `user_function:2: ${text}`;
const missing = (name: string): string =>
  placed(`Script attempted to access nonexistent global variable '${name}'`);
const named = (fields: string): string =>
  `redis.register_function{function_name = 'a', callback = function() end, ${fields}}`;

export const FUNCTION_SESSIONS: readonly Session[] = [
  session('a library is loaded, replaced and deleted', [
    ['function flush', '+OK'],
    [['function', 'load', lib('mine', ECHO)], '"mine"'],
    [['function', 'load', lib('mine', ECHO)], "-ERR Library 'mine' already exists"],
    ['fcall echo 1 a b c', '[["a"], ["b", "c"]]'],
    ['fcall ECHO 0', '[[], []]'],
    [['function', 'load', 'replace', lib('mine', FLAGGED)], '"mine"'],
    ['fcall echo 0', NOT_FOUND],
    ['fcall_ro one 0', ':1'],
    ['function delete mine', '+OK'],
    ['function delete mine', '-ERR Library not found'],
    ['fcall one 0', NOT_FOUND],
  ]),
  session('what is known is listed', [
    ['function flush sync', '+OK'],
    ['function list', '[]'],
    [['function', 'load', lib('mine', FLAGGED)], '"mine"'],
    [
      'function list',
      '[["library_name", "mine", "engine", "LUA", "functions", [["name", "one", "description", "answers one", "flags", [+no-writes, +allow-oom]]]]]',
    ],
    ['function list libraryname x*', '[]'],
    ['function list withcode libraryname m?ne', /, "library_code", "#!lua name=mine\\nredis\./],
    ['function list libraryname', '-ERR library name argument was not given'],
    ['function list withcode withcode', '-ERR Unknown argument withcode'],
    ['function list foo', '-ERR Unknown argument foo'],
    [
      'function stats',
      '["running_script", nil, "engines", ["LUA", ["libraries_count", :1, "functions_count", :1]]]',
    ],
    ['function flush async', '+OK'],
    ['function list', '[]'],
  ]),
  session('function names belong to one library', [
    ['function flush', '+OK'],
    [['function', 'load', lib('mine', ECHO)], '"mine"'],
    [['function', 'load', lib('other', ECHO)], '-ERR Function echo already exists'],
    [['function', 'load', 'replace', lib('other', ECHO)], '-ERR Function echo already exists'],
    ['function list libraryname other', '[]'],
    [['function', 'load', 'replace', lib('mine', ECHO)], '"mine"'],
  ]),
  session('the first line of a library', [
    ['function flush', '+OK'],
    [['function', 'load', 'return 1'], '-ERR Missing library metadata'],
    [['function', 'load', '#!lua name=a'], '-ERR Invalid library metadata'],
    [['function', 'load', '#!lua name="a\nx'], '-ERR Invalid library metadata'],
    [['function', 'load', '#!lua\nx'], '-ERR Library name was not given'],
    [['function', 'load', '#!lua foo=a\nx'], '-ERR Invalid metadata value given: foo=a'],
    [
      ['function', 'load', '#!lua name=a name=b\nx'],
      '-ERR Invalid metadata value, name argument was given multiple times',
    ],
    [['function', 'load', '#!bad name=a\nx'], "-ERR Engine 'bad' not found"],
    [['function', 'load', '#!lua name=a-b\nx'], `-ERR ${NAMES}`],
    [['function', 'load', '#!lua name=\nx'], `-ERR ${NAMES}`],
    [['function', 'load', '#!LUA NAME=a\nredis.register_function("f", redis.log)'], '"a"'],
    ['function load foo bar', '-ERR Unknown option given: foo'],
  ]),
  session('what a library may do while it is loaded', [
    ['function flush', '+OK'],
    [load('return 1'), '-ERR No functions registered'],
    [load('x'), "-ERR Error compiling function: user_function:2: '=' expected near '<eof>'"],
    fault('redis.call("ping")', missing('call')),
    fault('redis.setresp(3)', missing('setresp')),
    fault('return math.random()', missing('math')),
    fault('return foo', missing('foo')),
    fault('a = 1', placed('Attempt to modify a readonly table')),
    fault('redis.a = 1', placed('Attempt to modify a readonly table')),
    fault('local t; t.x = 1', placed("attempt to index local 't' (a nil value)")),
    fault('while true do end', 'FUNCTION LOAD timeout'),
    [load('redis.log(redis.LOG_DEBUG, "x")'), '-ERR No functions registered'],
    ['function list', '[]'],
  ]),
  session('what is registered by place', [
    ['function flush', '+OK'],
    fault('redis.register_function()', 'wrong number of arguments to redis.register_function'),
    fault(
      'redis.register_function(1, 2, 3)',
      'wrong number of arguments to redis.register_function',
    ),
    fault(
      'redis.register_function({}, function() end)',
      'first argument to redis.register_function must be a string',
    ),
    fault(
      'redis.register_function("a", 2)',
      'second argument to redis.register_function must be a function',
    ),
    fault('redis.register_function("a b", function() end)', NAMES),
    fault(
      'for i = 1, 2 do redis.register_function("a", function() end) end',
      'Function already exists in the library',
    ),
    [load('redis.register_function(1, function() end)'), '"tried"'],
    ['fcall 1 0', 'nil'],
  ]),
  session('what is registered by name', [
    ['function flush', '+OK'],
    fault(
      'redis.register_function(1)',
      'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).',
    ),
    fault('redis.register_function{}', 'redis.register_function must get a function name argument'),
    fault(
      'redis.register_function{function_name = "a"}',
      'redis.register_function must get a callback argument',
    ),
    fault(
      'redis.register_function{function_name = {}}',
      'function_name argument given to redis.register_function must be a string',
    ),
    fault(
      'redis.register_function{callback = 1}',
      'callback argument given to redis.register_function must be a function',
    ),
    fault(
      named('flags = 1'),
      'flags argument to redis.register_function must be a table representing function flags',
    ),
    fault(named('flags = {"x"}'), 'unknown flag given'),
    fault(named('flags = {{}}'), 'unknown flag given'),
    fault(
      named('description = {}'),
      'description argument given to redis.register_function must be a string',
    ),
    fault(named('foo = 1'), 'unknown argument given to redis.register_function'),
    fault(named('[1] = 1'), 'unknown argument given to redis.register_function'),
    fault(
      named('[true] = 1'),
      'named argument key given to redis.register_function is not a string',
    ),
    [load(named('Flags = {"Allow-Stale", "no-cluster"}')), '"tried"'],
    ['function list', /"flags", \[\+allow-stale, \+no-cluster\]/],
  ]),
  session('what a function may do', [
    ['function flush', '+OK'],
    [
      load(`
local function run(keys, args) return redis.call(unpack(args)) end
local count = 0
redis.register_function('run', run)
redis.register_function{function_name = 'ro', callback = run, flags = {'no-writes'}}
redis.register_function('count', function() count = count + math.abs(-1) return count end)
redis.register_function('fails', function() error('boo') end)
redis.register_function('globals', function() x = 1 end)
redis.register_function('keys', function() return KEYS end)
redis.register_function('again', function() return redis.register_function('z', run) end)
redis.register_function('err', function() return redis.error_reply('MY error') end)
redis.register_function('nothing', function() end)
`),
      '"tried"',
    ],
    ['fcall run 0 set k v', '+OK'],
    ['fcall run 1 k get k', '"v"'],
    ['fcall ro 1 k get k', '"v"'],
    ['fcall_ro ro 1 k get k', '"v"'],
    ['fcall_ro run 0 get k', '-ERR Can not execute a script with write flag using *_ro command.'],
    [
      'fcall ro 0 set k w',
      '-ERR Write commands are not allowed from read-only scripts. script: ro, on @user_function:3.',
    ],
    [
      'fcall run 0 lpush k v',
      '-WRONGTYPE Operation against a key holding the wrong kind of value script: run, on @user_function:3.',
    ],
    [
      'fcall run 0 function flush',
      '-ERR This Redis command is not allowed from script script: run, on @user_function:3.',
    ],
    ['fcall count 0', ':1'],
    ['fcall count 0', ':2'],
    ['fcall fails 0', '-ERR user_function:8: boo script: fails, on @user_function:8.'],
    [
      'fcall globals 0',
      '-ERR user_function:9: Attempt to modify a readonly table script: globals, on @user_function:9.',
    ],
    [['eval', 'return #KEYS', '1', 'k'], ':1'],
    [
      'fcall keys 0',
      "-ERR user_function:10: Script attempted to access nonexistent global variable 'KEYS' script: keys, on @user_function:10.",
    ],
    [
      'fcall again 0',
      "-ERR user_function:11: attempt to call field 'register_function' (a nil value) script: again, on @user_function:11.",
    ],
    ['fcall err 0', '-MY error'],
    ['fcall nothing 0', 'nil'],
  ]),
  session('arguments that make no sense', [
    ['function flush', '+OK'],
    [load(ECHO), '"tried"'],
    ['fcall nowhere x', NOT_FOUND],
    ['fcall echo x', '-ERR Bad number of keys provided'],
    ['fcall echo 1', "-ERR Number of keys can't be greater than number of args"],
    ['fcall echo -1', "-ERR Number of keys can't be negative"],
    ['fcall echo', "-ERR wrong number of arguments for 'fcall' command"],
    ['fcall_ro', "-ERR wrong number of arguments for 'fcall_ro' command"],
    ['function', "-ERR wrong number of arguments for 'function' command"],
    ['function load', "-ERR wrong number of arguments for 'function|load' command"],
    ['function foo', "-ERR unknown subcommand 'foo'. Try FUNCTION HELP."],
    ['function flush foo', '-ERR FUNCTION FLUSH only supports SYNC|ASYNC option'],
    ['function flush sync sync', misused('flush')],
    ['function restore a append x', misused('restore')],
    [
      'function restore a foo',
      '-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
    ],
    ['function restore abc', '-ERR DUMP payload version or checksum are wrong'],
    ['function kill', '-NOTBUSY No scripts in execution right now.'],
    ['command getkeys fcall echo 2 a b c', '["a", "b"]'],
  ]),
  session('functions in a transaction', [
    ['function flush', '+OK'],
    [load(ECHO), '"tried"'],
    ['multi', '+OK'],
    ['fcall echo 1 k v', '+QUEUED'],
    ['function delete tried', '+QUEUED'],
    ['fcall echo 0', '+QUEUED'],
    ['exec', `[[["k"], ["v"]], +OK, ${NOT_FOUND}]`],
  ]),
];
