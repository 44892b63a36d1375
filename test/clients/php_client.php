<?php
/**
 * The everyday work of PHP's extension memcached: php php_client.php SERVER SERVER protocol=text|binary
 *
 * A server is HOST:PORT; both are empty. With username=NAME password=WORD clients authenticate by SASL.
 * Each check prints its name; the first that fails ends the program.
 */

declare(strict_types=1);

error_reporting(E_ALL);
set_error_handler(function (int $level, string $message, string $file, int $line): never {
    throw new ErrorException($message, 0, $level, $file, $line);
});
set_exception_handler(function (Throwable $error): void {
    fwrite(STDERR, "$error\n");
    exit(1);
});

$words = array_slice($argv, 1);
define('SERVERS', array_values(array_filter($words, fn ($word) => !str_contains($word, '='))));
$options = [];
foreach (array_filter($words, fn ($word) => str_contains($word, '=')) as $word) {
    [$name, $value] = explode('=', $word, 2);
    $options[$name] = $value;
}
define('IS_BINARY', $options['protocol'] === 'binary');
define('USERNAME', $options['username'] ?? null);
define('PASSWORD', $options['password'] ?? null);
const WAIT_MS = 10_000;
const EXPIRY_SEC_MAX = 20;
const SESSION_PROCESS_COUNT = 3;
const SESSION_ROUND_COUNT = 10;

function client(array $servers = [SERVERS[0]], array $options = []): Memcached
{
    $client = new Memcached();
    $client->setOptions([
        Memcached::OPT_BINARY_PROTOCOL => IS_BINARY,
        Memcached::OPT_TCP_NODELAY => true,
        Memcached::OPT_POLL_TIMEOUT => WAIT_MS,
    ] + $options);
    if (USERNAME !== null) {
        $client->setSaslAuthData(USERNAME, PASSWORD);
    }
    foreach ($servers as $server) {
        [$host, $port] = explode(':', $server);
        $client->addServer($host, (int) $port);
    }
    return $client;
}

function equal(mixed $got, mixed $wanted): void
{
    $isSame = is_array($wanted) || is_object($wanted) ? $got == $wanted : $got === $wanted;
    if ($isSame) {
        return;
    }
    [$got, $wanted] = array_map(fn ($value) => substr(var_export($value, true), 0, 300), [$got, $wanted]);
    throw new AssertionError("got $got, wanted $wanted");
}

function code(Memcached $client, int $wanted): void
{
    equal($client->getResultCode(), $wanted);
}

/** Asks again until the answer is as wanted; the clock only bounds the wait for a failure. */
function eventually(callable $ask, mixed $wanted): void
{
    $deadline = microtime(true) + EXPIRY_SEC_MAX;
    while ($ask() !== $wanted && microtime(true) < $deadline) {
        usleep(50_000);
    }
    equal($ask(), $wanted);
}

function stores_and_reads(): void
{
    $c = client();
    $object = new stdClass();
    $object->name = 'grüße';
    $values = ['text', 'grüße', "\0\r\n\xff", '', 42, -7, 1.5, true, false, null, [1, ['a' => 2]], $object];
    foreach ($values as $value) {
        equal($c->set('typed', $value), true);
        equal($c->get('typed'), $value);
        code($c, Memcached::RES_SUCCESS);
    }
    equal($c->get('missing'), false);
    code($c, Memcached::RES_NOTFOUND);
    $made = $c->get('made', function (Memcached $c, string $key, mixed &$value, ?int &$expiry): bool {
        [$value, $expiry] = ["value of $key", 100];
        return true;
    });
    equal($made, 'value of made');
    equal($c->get('made'), 'value of made');
    equal($c->delete('made'), true);
    equal($c->delete('made'), false);
    code($c, Memcached::RES_NOTFOUND);
}

function stores_by_condition(): void
{
    $c = client([SERVERS[0]], [Memcached::OPT_COMPRESSION => false]);
    equal($c->add('added', 'v'), true);
    equal($c->add('added', 'w'), false);
    code($c, IS_BINARY ? Memcached::RES_DATA_EXISTS : Memcached::RES_NOTSTORED);
    equal($c->replace('added', 'b'), true);
    equal($c->replace('missing', 'w'), false);
    code($c, IS_BINARY ? Memcached::RES_NOTFOUND : Memcached::RES_NOTSTORED);
    equal($c->append('added', 'c'), true);
    equal($c->prepend('added', 'a'), true);
    equal($c->get('added'), 'abc');
    equal($c->append('missing', 'c'), false);
    code($c, Memcached::RES_NOTSTORED);
}

function swaps_by_cas(): void
{
    $c = client();
    $c->set('swapped', 'first');
    $seen = $c->get('swapped', null, Memcached::GET_EXTENDED);
    equal($seen['value'], 'first');
    equal($c->cas($seen['cas'], 'swapped', 'second'), true);
    equal($c->cas($seen['cas'], 'swapped', 'third'), false);
    code($c, Memcached::RES_DATA_EXISTS);
    equal($c->get('swapped'), 'second');
    equal($c->cas($seen['cas'], 'missing', 'v'), false);
    code($c, Memcached::RES_NOTFOUND);
    $many = $c->getMulti(['swapped', 'missing'], Memcached::GET_EXTENDED);
    equal(array_keys($many), ['swapped']);
    equal($c->cas($many['swapped']['cas'], 'swapped', ['fourth']), true);
}

function counts(): void
{
    $c = client();
    $c->set('counter', 10);
    equal($c->increment('counter', 5), 15);
    equal($c->decrement('counter', 3), 12);
    equal($c->decrement('counter', 20), 0);
    equal($c->get('counter'), 0);
    equal($c->increment('missing'), false);
    code($c, Memcached::RES_NOTFOUND);
    $c->set('text', 'abc');
    equal($c->increment('text'), false);
    if (IS_BINARY) {
        equal($c->increment('initial', 5, 100, 100), 100);
        equal($c->increment('initial', 5, 100, 100), 105);
        equal($c->decrement('initial-down', 5, 7), 7);
        equal($c->decrement('initial-down', 5, 7), 2);
    }
}

function handles_many_keys(): void
{
    $c = client();
    $values = [];
    for ($number = 0; $number < 2000; $number++) {
        $values["many-$number"] = str_repeat("value $number", $number % 50);
    }
    equal($c->setMulti($values, 100), true);
    equal($c->getMulti([...array_keys($values), 'missing']), $values);
    $ordered = $c->getMulti(['many-3', 'missing', 'many-1'], Memcached::GET_PRESERVE_ORDER);
    equal(array_keys($ordered), ['many-3', 'missing', 'many-1']);
    equal($ordered['missing'], null);
    equal($c->getDelayed(['many-1', 'many-2', 'missing'], true), true);
    $delayed = $c->fetchAll();
    equal(count($delayed), 2);
    foreach ($delayed as $row) {
        equal($row['value'], $values[$row['key']]);
        equal($c->cas($row['cas'], $row['key'], 'swapped'), true);
    }
    $deleted = $c->deleteMulti([...array_keys($values), 'missing']);
    equal($deleted['many-7'], true);
    equal($deleted['missing'], Memcached::RES_NOTFOUND);
    equal($c->getMulti(array_keys($values)), []);
}

function expires(): void
{
    $c = client();
    equal($c->set('kept', 'v', 100), true);
    equal($c->touch('kept', 200), true);
    equal($c->touch('missing', 200), false);
    code($c, Memcached::RES_NOTFOUND);
    equal($c->set('gone', 'v', time() - 10), true);
    equal($c->get('gone'), false);
    equal($c->set('short', 'v', 1), true);
    eventually(fn () => $c->get('short'), false);
    equal($c->get('kept'), 'v');
    equal($c->touch('kept', time() - 10), true);
    equal($c->get('kept'), false);
}

function carries_large_values(): void
{
    $c = client([SERVERS[0]], [Memcached::OPT_COMPRESSION => false]);
    foreach ([10_000, 100_000, 1_000_000] as $size) {
        $value = random_bytes($size);
        equal($c->set('large', $value), true);
        equal($c->get('large') === $value, true);
    }
    equal($c->set('large', str_repeat('x', 1_048_576)), false);
    code($c, Memcached::RES_E2BIG);
    equal($c->get('large'), false);
}

function keeps_types(): void
{
    $value = ['text' => 'grüße', 'list' => range(1, 3), 'long' => str_repeat('compress me ', 100_000)];
    $serializers = [Memcached::SERIALIZER_PHP, Memcached::SERIALIZER_JSON_ARRAY];
    if (Memcached::HAVE_IGBINARY) {
        $serializers[] = Memcached::SERIALIZER_IGBINARY;
    }
    foreach ($serializers as $serializer) {
        foreach ([Memcached::COMPRESSION_FASTLZ, Memcached::COMPRESSION_ZLIB] as $compression) {
            $c = client([SERVERS[0]], [
                Memcached::OPT_SERIALIZER => $serializer,
                Memcached::OPT_COMPRESSION_TYPE => $compression,
                Memcached::OPT_PREFIX_KEY => "types-$serializer-$compression:",
                Memcached::OPT_USER_FLAGS => 0x1234,
            ]);
            equal($c->set('value', $value), true);
            $seen = $c->get('value', null, Memcached::GET_EXTENDED);
            equal($seen['value'], $value);
            equal($seen['flags'], 0x1234);
            $bare = client([SERVERS[0]], [Memcached::OPT_SERIALIZER => $serializer]);
            equal($bare->get("types-$serializer-$compression:value"), $value);
        }
    }
}

function spreads_over_servers(): void
{
    $c = client(SERVERS, [
        Memcached::OPT_LIBKETAMA_COMPATIBLE => true,
        Memcached::OPT_NO_BLOCK => true,
        Memcached::OPT_REMOVE_FAILED_SERVERS => true,
    ]);
    $values = [];
    for ($number = 0; $number < 200; $number++) {
        $values["spread-$number"] = $number;
    }
    equal($c->setMulti($values), true);
    equal($c->getMulti(array_keys($values)), $values);
    foreach (SERVERS as $server) {
        $count = count(client([$server])->getMulti(array_keys($values)));
        equal($count > 20 && $count < 180, true);
    }
    equal($c->setByKey('group', 'grouped', 'v'), true);
    equal($c->getByKey('group', 'grouped'), 'v');
    equal(count($c->getStats()), 2);
}

function administers(): void
{
    $c = client();
    equal($c->getVersion()[SERVERS[0]] !== '', true);
    $stats = $c->getStats()[SERVERS[0]];
    equal($stats['curr_items'] > 0, true);
    equal($stats['threads'], 2);
    equal($c->getStats('settings')[SERVERS[0]]['tcpport'], (int) explode(':', SERVERS[0])[1]);
    if (!IS_BINARY) {
        $c->set('listed', 'v');
        equal(in_array('listed', $c->getAllKeys(), true), true);
    }
    equal($c->flush(), true);
    equal($c->get('swapped'), false);
    equal($c->quit(), true);
    equal($c->set('back', 'v'), true);
}

/** Silent stores, and a connection that outlives its object. */
function keeps_silent_when_asked(): void
{
    for ($round = 0; $round < 2; $round++) {
        $c = new Memcached('kept');
        equal($c->isPristine(), $round === 0);
        if ($round === 0) {
            [$host, $port] = explode(':', SERVERS[0]);
            $c->addServer($host, (int) $port);
            $c->setOption(Memcached::OPT_BINARY_PROTOCOL, IS_BINARY);
            $c->setOption(Memcached::OPT_NOREPLY, true);
            if (USERNAME !== null) {
                $c->setSaslAuthData(USERNAME, PASSWORD);
            }
        }
        for ($number = 0; $number < 500; $number++) {
            $c->set("quiet-$number", "$round-$number");
        }
        $c->delete('quiet-7');
        equal($c->get('quiet-499'), "$round-499");
        equal($c->get('quiet-7'), false);
        unset($c);
    }
}

/** A session as a web application has it: several processes change it, one at a time. */
function keeps_sessions(): void
{
    foreach ([
        'session.save_handler' => 'memcached',
        'session.save_path' => SERVERS[0],
        'session.use_cookies' => '0',
        'session.cache_limiter' => '',
        'session.gc_maxlifetime' => '100',
        'memcached.sess_binary_protocol' => IS_BINARY ? '1' : '0',
        'memcached.sess_lock_wait_min' => '1',
        'memcached.sess_lock_wait_max' => '10',
        'memcached.sess_lock_retries' => '2000',
        'memcached.sess_lock_expire' => '30',
        'memcached.sess_prefix' => 'session:',
        ...(USERNAME === null ? [] : [
            'memcached.sess_sasl_username' => USERNAME,
            'memcached.sess_sasl_password' => PASSWORD,
        ]),
    ] as $name => $value) {
        ini_set($name, $value);
    }
    $id = 'visitor-of-the-day';
    $children = [];
    for ($process = 0; $process < SESSION_PROCESS_COUNT; $process++) {
        $child = pcntl_fork();
        if ($child === 0) {
            sessionVisit($id);
            exit(0);
        }
        $children[] = $child;
    }
    foreach ($children as $child) {
        pcntl_waitpid($child, $status);
        equal(pcntl_wexitstatus($status), 0);
    }
    session_id($id);
    equal(session_start(), true);
    equal($_SESSION['visits'], SESSION_PROCESS_COUNT * SESSION_ROUND_COUNT);
    equal(client()->get("session:lock.$id"), '1');
    equal(session_destroy(), true);
    equal(client()->get("session:$id"), false);
    equal(client()->get("session:lock.$id"), false);
}

function sessionVisit(string $id): void
{
    for ($round = 0; $round < SESSION_ROUND_COUNT; $round++) {
        session_id($id);
        equal(session_start(), true);
        $visits = $_SESSION['visits'] ?? 0;
        usleep(1000); // long enough for another process to come in between, were there no lock
        $_SESSION['visits'] = $visits + 1;
        equal(session_write_close(), true);
    }
}

function lets_in_who_is_known(): void
{
    foreach ([[USERNAME, 'wrong'], ['nobody', PASSWORD]] as [$username, $password]) {
        $c = client();
        $c->setSaslAuthData($username, $password);
        equal($c->get('back'), false);
        code($c, Memcached::RES_AUTH_FAILURE);
    }
}

$checks = [
    'stores_and_reads',
    'stores_by_condition',
    'swaps_by_cas',
    'counts',
    'handles_many_keys',
    'expires',
    'carries_large_values',
    'keeps_types',
    'spreads_over_servers',
    'keeps_sessions',
    'administers',
    'keeps_silent_when_asked',
];
if (USERNAME !== null) {
    $checks[] = 'lets_in_who_is_known';
}

foreach ($checks as $check) {
    $check();
    fwrite(STDOUT, "$check\n"); // echo would end the time in which a session may begin
}
