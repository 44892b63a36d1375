/**
 * The rules between options: what one row cannot know of another. They run once all places are
 * read, in the order in which a user would want to hear of them.
 */
import { FAULT } from '../base/errors.ts';
import { RespConfig } from '../config/resp-config.ts';
import { respTargets, respUnixTarget } from '../config/resp-targets.ts';
import { adminRules } from './admin-options.ts';
import type { Config, Draft, Machine } from './config.ts';
import { SLAB_PAGE_BYTES } from './extended-options.ts';
import { listenAddressSplit } from './listen-address.ts';
import { THREAD_COUNT_AUTO } from './option-rows.ts';
import { respFinish } from './resp-options.ts';
import { KIB, sizeText } from './units.ts';

/** Threads of `-t auto`: memcached's four, on a machine that has them. */
const THREAD_COUNT_AUTO_MAX = 4;
const LRU_PCT_SUM_MAX = 80;
/** As ssl_min_version counts: TLS 1.2. */
const TLS_VERSION_MIN = 2;

const NO_AUTHORITY = 'without -o ssl_ca_cert=FILE: no certificate of a client can be verified';

/** Checks the draft, fills in the derived fields, and seals it. */
export function configFinish(draft: Draft, machine: Machine): Config {
  if (!draft.config.isRespServer) respFinish(draft);
  memoryRules(draft, machine);
  slabChunkRules(draft);
  lruRules(draft);
  networkRules(draft);
  tlsRules(draft);
  authenticationRules(draft);
  clusterRules(draft);
  adminRules(draft);
  const { config } = draft;
  if (config.threadCount === THREAD_COUNT_AUTO) {
    config.threadCount = threadCountAuto(machine);
  }
  config.statsDetailEnabled = draft.given.has('prefix-delimiter');
  config.temporaryLru = draft.given.has('temporary_ttl');
  config.warnings = draft.warnings;
  return config;
}

export function threadCountAuto(machine: Machine): number {
  return Math.max(1, Math.min(machine.coreCount, THREAD_COUNT_AUTO_MAX));
}

function memoryRules({ config, given, warnings }: Draft, machine: Machine): void {
  const memory = sizeText(config.memoryBytes);
  if (config.itemBytesMax > config.memoryBytes / 2) {
    const item = sizeText(config.itemBytesMax);
    if (!given.has('max-item-size')) {
      const problem = `items of ${item} (-I) may take at most half of it`;
      throw FAULT.memoryTooLittle(`-m ${memory}`, problem);
    }
    throw FAULT.optionValue(`-I ${item}`, `must be at most half of the memory (-m ${memory})`);
  }
  if (config.memoryBytesMax !== 0 && config.memoryBytesMax < config.memoryBytes) {
    const label = `--memory-limit-max ${sizeText(config.memoryBytesMax)}`;
    throw FAULT.optionValue(label, `must be at least the memory to begin with (-m ${memory})`);
  }
  if (config.memoryBytes > machine.memoryBytes) {
    warnings.push(`-m ${memory} is more than this machine has (${sizeText(machine.memoryBytes)})`);
  }
}

/**
 * memcached's rules for slab_chunk_max, of which it shows the result in "stats settings". Unless it
 * is given it follows -I, where memcached would refuse to start.
 */
function slabChunkRules({ config, given }: Draft): void {
  if (!given.has('slab_chunk_max')) {
    if (config.itemBytesMax > SLAB_PAGE_BYTES) config.slabChunkBytesMax = SLAB_PAGE_BYTES / 2;
    while (config.slabChunkBytesMax > config.itemBytesMax) config.slabChunkBytesMax /= 2;
    return;
  }
  const label = `-o slab_chunk_max=${config.slabChunkBytesMax / KIB}`;
  if (config.slabChunkBytesMax > config.itemBytesMax) {
    throw FAULT.optionValue(label, `must be at most -I (${sizeText(config.itemBytesMax)})`);
  }
  if (SLAB_PAGE_BYTES % config.slabChunkBytesMax !== 0) {
    throw FAULT.optionValue(label, `must divide ${SLAB_PAGE_BYTES / KIB} evenly`);
  }
}

function lruRules({ config, given }: Draft): void {
  if (config.hotLruPct + config.warmLruPct > LRU_PCT_SUM_MAX) {
    const label = `-o hot_lru_pct=${config.hotLruPct},warm_lru_pct=${config.warmLruPct}`;
    throw FAULT.optionValue(label, `must be at most ${LRU_PCT_SUM_MAX} together`);
  }
  if (given.has('temporary_ttl') && !config.lruMaintainer) {
    throw FAULT.optionValue('-o temporary_ttl', 'needs lru_maintainer');
  }
}

/** As in memcached `-U N` without -p asks for TCP on the same port, and -s leaves neither. */
function networkRules({ config, given, warnings }: Draft): void {
  const isLocal = config.unixSocketPath !== null;
  if (config.udpPort !== 0 && isLocal) {
    warnings.push(`-U ${config.udpPort} has no effect: with -s there is neither TCP nor UDP`);
    config.udpPort = 0;
  }
  if (config.udpPort !== 0 && !given.has('port')) config.port = config.udpPort;
  if (config.port === 0 && config.udpPort === 0 && !isLocal && !respIsListening(config)) {
    warnings.push('-p 0 without -s, -U or --resp-port: nobody can connect');
  }
}

function respIsListening({ resp }: Draft['config']): boolean {
  const { settings } = RespConfig.fromImage(resp);
  return respTargets(settings).length > 0 || respUnixTarget(settings) !== null;
}

function tlsRules(draft: Draft): void {
  const { config, given, warnings } = draft;
  config.tlsMinVersion = Math.max(config.tlsMinVersion, TLS_VERSION_MIN);
  for (const address of config.listenAddresses) listenerTlsRules(draft, address);
  if (!config.tlsEnabled) {
    const names = [...given].filter((name) => name.startsWith('ssl_')).join(',');
    const isUsed = config.adminPort !== 0 && config.adminTls !== 'off';
    if (names !== '' && !isUsed)
      warnings.push(`-o ${names} has no effect: there is no TLS without -Z`);
    return;
  }
  if (config.port === 0 || config.unixSocketPath !== null) {
    throw FAULT.optionValue('-Z', 'needs a TCP port, which -p 0 and -s do without');
  }
  if (config.tlsChainCert === null || config.tlsKey === null) {
    throw FAULT.optionValue('-Z', 'needs -o ssl_chain_cert=FILE,ssl_key=FILE');
  }
  if (config.tlsVerifyMode !== 0 && config.tlsCaCert === null) {
    warnings.push(`-o ssl_verify_mode=${config.tlsVerifyMode} ${NO_AUTHORITY}`);
  }
  if (config.udpPort !== 0) {
    warnings.push(`-U ${config.udpPort} with -Z: datagrams are in the clear`);
  }
}

function listenerTlsRules({ config, warnings }: Draft, address: string): void {
  const label = `-l ${address}`;
  const { tls } = listenAddressSplit(address, label);
  if (tls !== null && !config.tlsEnabled) throw FAULT.optionValue(label, 'needs -Z');
  if (tls === 'require' && config.tlsCaCert === null) warnings.push(`${label} ${NO_AUTHORITY}`);
}

/** SASL is a part of the binary protocol, and the first `set` of -Y one of the text protocol. */
function authenticationRules(draft: Draft): void {
  const { config, warnings } = draft;
  if (config.saslEnabled && config.authFile !== null) {
    throw FAULT.optionRefused('-S with -Y', 'each is for a protocol that the other rules out');
  }
  if (config.saslEnabled) {
    if (config.usersFile === null) {
      throw FAULT.optionValue('-S', 'needs --users-file, or FLAGSTONE_USERS_FILE');
    }
    protocolForce(draft, '-S', 'binary', 'SASL is for the binary protocol alone');
  } else if (config.usersFile !== null) {
    warnings.push('--users-file has no effect: it is for -S');
  }
  if (config.authFile !== null) {
    protocolForce(draft, '-Y', 'ascii', 'its first set is for the text protocol alone');
  }
}

/** Leaves one protocol, on every listener, and no datagrams: they cannot authenticate. */
function protocolForce(draft: Draft, flag: string, only: 'ascii' | 'binary', why: string): void {
  const { config, given, warnings } = draft;
  if (given.has('protocol') && config.protocol !== only) {
    throw FAULT.optionRefused(`${flag} with -B ${config.protocol}`, why);
  }
  if (config.udpPort !== 0) {
    throw FAULT.optionRefused(
      `${flag} with -U ${config.udpPort}`,
      'a datagram cannot authenticate',
    );
  }
  for (const address of config.listenAddresses) {
    const { protocol } = listenAddressSplit(address, address);
    if (protocol === null || protocol === only) continue;
    if (protocol !== 'auto') throw FAULT.optionRefused(`${flag} with -l ${address}`, why);
    warnings.push(`-l ${address} speaks ${only} alone: ${flag} knows no other`);
  }
  config.protocol = only;
}

/** One place names the nodes; without one of them the node lists itself, as --announce says. */
function clusterRules({ config, given, warnings }: Draft): void {
  const places = ['cluster-nodes', 'cluster-nodes-file', 'etcd'].filter((name) => given.has(name));
  if (places.length > 1) {
    const label = places.map((name) => `--${name}`).join(' with ');
    throw FAULT.optionRefused(label, 'only one of them can name the nodes');
  }
  if (config.etcdEndpoints === null) {
    for (const name of ['cluster-name', 'etcd-ttl']) {
      if (given.has(name)) warnings.push(`--${name} has no effect: it is for --etcd`);
    }
    if (given.has('announce') && places.length > 0) {
      warnings.push(`--announce has no effect: --${places[0]} names the nodes`);
    }
  } else if (config.announce === null && (config.port === 0 || config.unixSocketPath !== null)) {
    throw FAULT.optionValue('--etcd', 'needs a TCP port to list, or --announce');
  }
}
