# frozen_string_literal: true

# The everyday work of Ruby's dalli, which speaks the binary protocol: ruby dalli_client.rb SERVER SERVER
#
# A server is HOST:PORT; both are empty. With username=NAME password=WORD clients authenticate by SASL, with
# ca=FILE they speak TLS, and trust that authority. Each check prints its name; the first that fails ends
# the program with a backtrace.

require 'dalli'
require 'socket'

Dalli.logger.level = Logger::ERROR

SERVERS = ARGV.grep_v(/=/).freeze
OPTIONS = ARGV.grep(/=/).to_h { |word| word.split('=', 2) }.freeze
CREDENTIALS = OPTIONS.slice('username', 'password').transform_keys(&:to_sym).freeze
EXPIRY_SEC_MAX = 20
THREAD_COUNT = 4
ROUND_COUNT = 100

def tls
  return {} unless OPTIONS.key?('ca')

  context = OpenSSL::SSL::SSLContext.new
  context.set_params(ca_file: OPTIONS['ca'], verify_mode: OpenSSL::SSL::VERIFY_PEER)
  { ssl_context: context }
end

def client(servers = SERVERS.first, **options)
  Dalli::Client.new(servers, { socket_timeout: 10, **CREDENTIALS, **tls, **options })
end

# Many keys at once; one by one over TLS, where dalli 3.0 cannot wait for more than one answer.
def get_all(client, *keys)
  return client.get_multi(*keys) if tls.empty?

  keys.flatten.to_h { |key| [key, client.get(key)] }.compact
end

def equal(got, wanted)
  raise "got #{got.inspect[0, 300]}, wanted #{wanted.inspect[0, 300]}" unless got == wanted
end

def refused(error)
  yield
  raise "no #{error}"
rescue error
  nil
end

# Asks again until the answer is as wanted; the clock only bounds the wait for a failure.
def eventually(wanted)
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + EXPIRY_SEC_MAX
  sleep 0.05 until yield == wanted || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
  equal(yield, wanted)
end

def stores_and_reads
  c = client
  ['text', 'grüße', "\0\r\n\xFF".b, '', 42, 1 << 80, 1.5, true, [1, { a: :b }], 1..3].each do |value|
    equal(c.set('typed', value).class, Integer)
    equal(c.get('typed'), value)
  end
  equal(c.get('missing'), nil)
  equal(c.set('raw', 'as it is', 0, raw: true).class, Integer)
  equal(c.get('raw'), 'as it is')
  equal(c.delete('raw'), true)
  equal(c.delete('raw'), nil)
  refused(ArgumentError) { c.get('') }
  long = 'long' * 100 # the client makes a digest of it
  c.set(long, 'v')
  equal(c.get(long), 'v')
end

def stores_by_condition
  c = client
  equal(c.add('added', 'v').class, Integer)
  equal(c.add('added', 'w'), false)
  equal(c.replace('added', 'w').class, Integer)
  equal(c.replace('missing', 'w'), 0) # no CAS unique: nothing was stored
  equal(c.get('added'), 'w')
  c.set('joined', 'b', 0, raw: true)
  equal(c.append('joined', 'c'), true)
  equal(c.prepend('joined', 'a'), true)
  equal(c.get('joined'), 'abc')
  equal(c.append('missing', 'c'), false)
end

def fetches
  c = client
  equal(c.fetch('fetched', 100) { [1, 2] }, [1, 2])
  equal(c.fetch('fetched', 100) { raise 'the block is not asked again' }, [1, 2])
  c = client(cache_nils: true)
  equal(c.fetch('nothing') { nil }, nil)
  equal(c.fetch('nothing') { raise 'the block is not asked again' }, nil)
end

def swaps_by_cas
  c = client
  c.set('swapped', 1)
  equal(c.cas('swapped') { |value| value + 1 }.class, Integer)
  equal(c.get('swapped'), 2)
  lost = c.cas('swapped') do |value|
    client.set('swapped', 10)
    value + 1
  end
  equal(lost, false)
  equal(c.get('swapped'), 10)
  equal(c.cas('missing') { raise 'there is nothing to swap' }, nil)
  equal(c.cas!('made') { |value| [value, 'new'] }.class, Integer)
  equal(c.get('made'), [nil, 'new'])
  value, cas = c.get_cas('swapped')
  equal(value, 10)
  newer = c.set_cas('swapped', 11, cas)
  equal(newer == cas, false)
  equal(c.replace_cas('swapped', 12, cas), false)
  equal(c.delete_cas('swapped', cas), false)
  equal(c.delete_cas('swapped', newer), true)
  c.set('swapped', 'v')
  return unless tls.empty?

  equal(c.get_multi_cas('swapped', 'missing').transform_values(&:first), { 'swapped' => 'v' })
end

def counts
  c = client
  equal(c.incr('counter', 5, 100, 10), 10)
  equal(c.incr('counter', 5, 100, 10), 15)
  equal(c.decr('counter', 3), 12)
  equal(c.decr('counter', 20), 0)
  equal(c.incr('missing', 1), nil)
  equal(c.get('missing'), nil)
  c.set('wide', ((1 << 64) - 2).to_s, 0, raw: true)
  equal(c.incr('wide'), (1 << 64) - 1)
  equal(c.incr('wide'), 0)
  c.set('text', 'abc', 0, raw: true)
  refused(Dalli::DalliError) { c.incr('text') }
  equal(c.get('text'), 'abc')
end

def handles_many_keys
  c = client
  values = (0...2000).to_h { |number| ["many-#{number}", "value #{number}" * (number % 50)] }
  c.multi { values.each { |key, value| c.set(key, value) } }
  equal(get_all(c, *values.keys, 'missing'), values)
  if tls.empty?
    seen = {}
    c.get_multi(*values.keys) { |key, value| seen[key] = value }
    equal(seen, values)
  end
  c.multi do
    c.add('many-1', 'not stored, and not told')
    c.replace('many-2', 'replaced')
    c.delete('many-3')
    c.delete('missing')
  end
  found = get_all(c, 'many-1', 'many-2', 'many-3')
  equal(found, { 'many-1' => values['many-1'], 'many-2' => 'replaced' })
end

def expires
  c = client
  c.set('kept', 'v', 100)
  equal(c.touch('kept', 200), true)
  equal(c.gat('kept', 300), 'v')
  equal(c.touch('missing', 200), nil)
  equal(c.gat('missing', 200), nil)
  c.set('short', 'v', 1)
  c.set('shortened', 'v', 100)
  client(expires_in: 1).set('default', 'v')
  equal(c.gat('shortened', 1), 'v')
  eventually({ 'kept' => 'v' }) { get_all(c, 'short', 'shortened', 'default', 'kept') }
end

def carries_large_values
  c = client(compress: false)
  random = Random.new(7)
  [10_000, 100_000, 1_000_000].each do |size|
    value = random.bytes(size)
    c.set('large', value, 0, raw: true)
    equal(c.get('large') == value, true)
  end
  c.set('huge', 'compress me ' * 500_000, 0, compress: true)
  equal(c.get('huge') == 'compress me ' * 500_000, true)
  refused(Dalli::ValueOverMaxSize) { c.set('large', random.bytes(2_000_000)) }
end

def spreads_over_servers
  c = client([SERVERS[0], "#{SERVERS[1]}:1"], namespace: 'spread')
  values = (0...200).to_h { |number| [number.to_s, number] }
  values.each { |key, value| c.set(key, value) }
  equal(get_all(c, values.keys), values)
  SERVERS.each do |server|
    found = get_all(client(server, namespace: 'spread'), values.keys)
    equal((20..180).cover?(found.size), true)
  end
  equal(c.version.keys, SERVERS)
  equal(c.flush.size, 2)
  equal(get_all(c, values.keys), {})
end

def leaves_out_a_dead_server
  nobody = Socket.new(:INET, :STREAM)
  nobody.bind(Addrinfo.tcp(SERVERS[0].split(':')[0], 0)) # and does not listen: connections are refused
  dead = nobody.local_address.inspect_sockaddr
  c = client([SERVERS[0], dead], failover: true, socket_failure_delay: 0.01)
  values = (0...50).to_h { |number| ["left-#{number}", number] }
  values.each { |key, value| c.set(key, value) }
  equal(get_all(c, values.keys), values)
ensure
  nobody.close
end

def administers
  c = client
  c.alive!
  stats = c.stats[SERVERS[0]]
  equal(stats['threads'], '2')
  equal(stats['curr_items'].to_i.positive?, true)
  equal(c.stats(:settings)[SERVERS[0]]['tcpport'], SERVERS[0].split(':')[1])
  c.set('listed', 'v')
  equal(c.stats(:items)[SERVERS[0]].keys.any? { |name| name.start_with?('items:') }, true)
  equal(c.reset_stats, [true])
  equal(c.stats[SERVERS[0]]['cmd_set'], '0')
  equal(c.flush, [true])
  equal(c.get('listed'), nil)
  c.reset
  equal(c.set('back', 'v').class, Integer)
  c.close
end

def serves_threads
  shared = client
  shared.set('shared', '0', 0, raw: true)
  threads = Array.new(THREAD_COUNT) do |thread|
    Thread.new do
      ROUND_COUNT.times do |number|
        shared.set("thread-#{thread}", number)
        equal(shared.get("thread-#{thread}"), number)
        shared.incr('shared')
      end
    end
  end
  threads.each(&:join)
  equal(shared.get('shared').strip, (THREAD_COUNT * ROUND_COUNT).to_s)
end

def lets_in_who_is_known
  [{ password: 'wrong' }, { username: 'nobody' }].each do |wrong|
    refused(Dalli::DalliError) { client(**wrong).get('back') }
  end
end

checks = %i[
  stores_and_reads
  stores_by_condition
  fetches
  swaps_by_cas
  counts
  handles_many_keys
  expires
  carries_large_values
  spreads_over_servers
  leaves_out_a_dead_server
  administers
  serves_threads
]
checks << :lets_in_who_is_known unless CREDENTIALS.empty?

checks.each do |check|
  send(check)
  puts check
end
