/**
 * What the options and a redis.conf come to for RESP. There is one memory, one set of threads and one
 * table of connections for both protocols, so some options of memcached and some directives mean the same:
 * what was given wins over what was not, and an option over the file.
 */
import { FAULT } from '../base/errors.ts';
import { confLoad } from '../config/conf-load.ts';
import type { Settings } from '../config/directive-table.ts';
import { directoryEnter } from '../config/process-effects.ts';
import { RespConfig } from '../config/resp-config.ts';
import type { Config, Draft } from './config.ts';
import { listenAddressSplit } from './listen-address.ts';
import { CONNECTION_COUNT_MAX, MEMORY_BYTES_MAX, THREAD_COUNT_MAX } from './option-rows.ts';
import { packageVersion } from './package-facts.ts';
import { MIB, sizeText } from './units.ts';

/** What a policy is called that forgets what is used least: that of an ordinary start. */
const POLICY_OF_EVICTION = 'allkeys-lru';
const POLICY_OF_NONE = 'noeviction';

/** As ssl_verify_mode counts. */
const VERIFY_MODE = { no: 0, optional: 1, yes: 2 } as const;
/** As ssl_min_version counts. */
const TLS_VERSION = { TLS_1_2: 2, TLS_1_3: 3 } as const;

/** Fills the fields about RESP, and those that a redis.conf decides as well. */
export function respFinish(draft: Draft): void {
  const { config, given } = draft;
  const resp = new RespConfig();
  const met =
    config.respConfPath === null
      ? new Set<string>()
      : respConfRead(resp, { path: config.respConfPath, input: '', options: '' });
  if (!met.has('dir')) resp.change('dir', Buffer.from(process.cwd()).toString('latin1'));
  portRules(draft, resp, met);
  if (given.has('requirepass')) resp.change('requirepass', config.requirePass ?? '');
  memoryShared(draft, resp, met);
  if (met.has('maxclients') && !given.has('conn-limit')) respConnections(config, resp.settings);
  else resp.change('maxclients', `${config.connectionCountMax}`);
  if (met.has('io-threads') && !given.has('threads')) respThreads(config, resp.settings);
  respTls(draft, resp.settings);
  config.resp = resp.image();
}

/** Reads a redis.conf; returns the directives that it has. Errors: RESP_CONF. */
export function respConfRead(
  resp: RespConfig,
  source: Parameters<typeof confLoad>[1],
): ReadonlySet<string> {
  return confLoad(resp, source, {
    version: packageVersion(),
    directoryEnter,
  });
}

/**
 * `-l` is for both protocols. Where memcached is not open to the network (-s, -S, -Y, -Z) RESP must
 * not be either, unless somebody asks for it.
 */
function portRules({ config, given }: Draft, resp: RespConfig, met: ReadonlySet<string>): void {
  const { unixSocketPath, saslEnabled, authFile, tlsEnabled } = config;
  const isClosed = unixSocketPath !== null || saslEnabled || authFile !== null || tlsEnabled;
  if (given.has('resp-port')) resp.change('port', `${config.respPort}`);
  else if (!met.has('port') && isClosed) resp.change('port', '0');
  config.respPort = resp.settings.port;
  if (met.has('bind') || config.listenAddresses.length === 0) return;
  const hosts = config.listenAddresses.map((one) => listenAddressSplit(one, one).host ?? '*');
  resp.change('bind', [...new Set(hosts)].join(' '));
}

function memoryShared({ config, given }: Draft, resp: RespConfig, met: ReadonlySet<string>): void {
  if (resp.settings.maxmemory !== 0 && !given.has('memory-limit')) {
    config.memoryBytes = memoryBytesOf(resp.settings.maxmemory);
  }
  resp.change('maxmemory', `${config.memoryBytes}`);
  if (met.has('maxmemory-policy') && config.evict) {
    config.evict = resp.settings.maxmemoryPolicy !== POLICY_OF_NONE;
  } else {
    resp.change('maxmemory-policy', config.evict ? POLICY_OF_EVICTION : POLICY_OF_NONE);
  }
}

/** The budget for a maxmemory that is not 0. Errors: OPTION_VALUE. */
export function memoryBytesOf(maxmemory: number): number {
  if (maxmemory > MEMORY_BYTES_MAX) {
    throw FAULT.optionValue(
      `maxmemory ${maxmemory}`,
      `must be at most ${sizeText(MEMORY_BYTES_MAX)}`,
    );
  }
  return Math.max(maxmemory, MIB);
}

export function respConnections(config: Draft['config'], { maxclients }: Settings): void {
  config.connectionCountMax = Math.min(maxclients, CONNECTION_COUNT_MAX);
}

export function respThreads(config: Draft['config'], { ioThreads }: Settings): void {
  config.threadCount = Math.min(ioThreads, THREAD_COUNT_MAX);
}

/** Without -Z the certificate is that of tls-cert-file; with it all use the one. */
export function respTls({ config, warnings }: Draft, settings: Settings): void {
  if (settings.tlsPort === 0) return;
  if (config.tlsEnabled) {
    if (settings.tlsCertFile !== '') {
      warnings.push('tls-cert-file has no effect: -Z has one certificate for all');
    }
    return;
  }
  const { tlsCertFile, tlsKeyFile, tlsCaCertFile, tlsCiphers, tlsAuthClients } = settings;
  if (tlsCertFile === '' || tlsKeyFile === '') {
    throw FAULT.optionValue('tls-port', 'needs tls-cert-file and tls-key-file');
  }
  if (tlsCaCertFile === '' && tlsAuthClients !== 'no') {
    const why = 'no certificate of a client can be verified without tls-ca-cert-file';
    throw FAULT.optionValue(`tls-auth-clients ${tlsAuthClients}`, why);
  }
  const sets: Partial<Config> = {
    tlsChainCert: tlsCertFile,
    tlsKey: tlsKeyFile,
    tlsCaCert: tlsCaCertFile === '' ? null : tlsCaCertFile,
    tlsCiphers: tlsCiphers === '' ? null : tlsCiphers,
    tlsVerifyMode: VERIFY_MODE[tlsAuthClients],
    tlsMinVersion: tlsMinVersion(settings.tlsProtocols),
    tlsSessionCache: settings.tlsSessionCaching,
  };
  Object.assign(config, sets);
}

/** `TLSv1.2 TLSv1.3`: only whether 1.2 is among them can be chosen. */
function tlsMinVersion(protocols: string): number {
  if (protocols === '' || /\bTLSv1\.2\b/i.test(protocols)) return TLS_VERSION.TLS_1_2;
  if (/\bTLSv1\.3\b/i.test(protocols)) return TLS_VERSION.TLS_1_3;
  throw FAULT.optionValue(`tls-protocols ${protocols}`, 'must name TLSv1.2 or TLSv1.3');
}
