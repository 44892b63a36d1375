/**
 * What we need of etcd, spoken to its HTTP gateway: ranges, transactions, leases, and a watch.
 *
 * Keys and values travel in base64, 64-bit numbers as decimal texts; a watch is a response that goes on,
 * one JSON object a line. Node's fetch is all this takes. The npm package etcd3 would bring gRPC and
 * its parsers into a process that makes one small request every few seconds.
 * Spec: etcd.io/docs v3.4, "gRPC gateway" and "etcd API"; etcd-io/etcd api/etcdserverpb/rpc.proto.
 */
import { assert } from '../base/assert.ts';
import { errorReason, errorSystemCode } from '../base/errors.ts';

export type EtcdUser = { readonly name: string; readonly password: string };

/** One member of the etcd cluster: `https://etcd-1:2379`, and whom to be there. */
export type EtcdEndpoint = { readonly url: string; readonly user: EtcdUser | null };

export type EtcdEntry = {
  readonly key: string;
  readonly value: string;
  /** The revision at which it was last written. */
  readonly modRevision: string;
  /** '0': none. */
  readonly lease: string;
};

/** What lies under a prefix, all at one revision. */
export type EtcdRange = { readonly revision: string; readonly entries: readonly EtcdEntry[] };

/** Done only if `key` was last written at `modRevision`; '0': if it does not exist. */
export type EtcdGuard = { readonly key: string; readonly modRevision: string };

/** A step of a transaction: puts a value, under a lease if it is not '0', or deletes the key. */
export type EtcdStep =
  | { readonly put: string; readonly value: string; readonly lease: string }
  | { readonly delete: string };

/** etcd answered, and the answer is no. `code` is a gRPC status code. */
export class EtcdError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'EtcdError';
    this.code = code;
  }
}

/** gRPC status codes. */
export const ETCD_CODE = {
  CANCELLED: 1,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;
/** By these a member says that it cannot answer now: another one may. */
const PASSING_CODES: readonly number[] = [
  ETCD_CODE.CANCELLED,
  ETCD_CODE.DEADLINE_EXCEEDED,
  ETCD_CODE.RESOURCE_EXHAUSTED,
  ETCD_CODE.INTERNAL,
  ETCD_CODE.UNAVAILABLE,
];
/** etcd's reply to a request without a token, where it wants one. */
const NO_TOKEN = 'user name is empty';

const ENTRY_COUNT_MAX = 10_000;
const WATCH_LINE_BYTES_MAX = 2 ** 20;

/** One field of a JSON object, whatever that is. */
function field(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined;
}

function textField(json: unknown, name: string, absent: string): string {
  const value = field(json, name);
  return typeof value === 'string' ? value : absent;
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** The key behind all that start with `prefix`, as etcd's range_end wants it. */
function prefixEnd(prefix: string): string {
  const bytes = Buffer.from(prefix, 'utf8');
  assert(bytes.length > 0 && bytes[bytes.length - 1] < 0xff, 'a prefix ends in a character');
  bytes[bytes.length - 1]++;
  return bytes.toString('base64');
}

export class EtcdClient {
  private readonly endpoints: readonly EtcdEndpoint[];
  private readonly requestMsMax: number;
  /** The one that answered last. */
  private current = 0;
  /** Tokens of the endpoints with a user, as they were given out. */
  private readonly tokens = new Map<EtcdEndpoint, string>();

  /** `requestMsMax`: an endpoint that takes longer counts as out of reach. */
  constructor(endpoints: readonly EtcdEndpoint[], requestMsMax: number) {
    assert(endpoints.length > 0, 'there is an etcd to ask');
    this.endpoints = endpoints;
    this.requestMsMax = requestMsMax;
  }

  async range(prefix: string): Promise<EtcdRange> {
    const request = { key: encode(prefix), range_end: prefixEnd(prefix), limit: ENTRY_COUNT_MAX };
    const answer = await this.ask('/v3/kv/range', request);
    const kvs = field(answer, 'kvs');
    return {
      revision: textField(field(answer, 'header'), 'revision', '0'),
      entries: Array.isArray(kvs) ? kvs.map(entryRead) : [],
    };
  }

  /** Takes the steps together, or none. False: the guard did not hold. */
  async transact(guard: EtcdGuard, steps: readonly EtcdStep[]): Promise<boolean> {
    const answer = await this.ask('/v3/kv/txn', {
      compare: [
        {
          key: encode(guard.key),
          target: 'MOD',
          result: 'EQUAL',
          mod_revision: guard.modRevision,
        },
      ],
      success: steps.map((step) =>
        'delete' in step
          ? { request_delete_range: { key: encode(step.delete) } }
          : {
              request_put: { key: encode(step.put), value: encode(step.value), lease: step.lease },
            },
      ),
    });
    return field(answer, 'succeeded') === true;
  }

  /** A new lease. */
  async leaseGrant(ttlSec: number): Promise<string> {
    const answer = await this.ask('/v3/lease/grant', { TTL: `${ttlSec}` });
    const lease = textField(answer, 'ID', '0');
    if (lease === '0') throw new EtcdError(ETCD_CODE.UNKNOWN, 'etcd granted no lease');
    return lease;
  }

  /** Starts the lease's time anew. False: it has run out. */
  async leaseKeep(lease: string): Promise<boolean> {
    const answer = await this.ask('/v3/lease/keepalive', { ID: lease });
    return Number(textField(field(answer, 'result'), 'TTL', '0')) > 0;
  }

  /** Ends the lease, and what was put under it. */
  async leaseRevoke(lease: string): Promise<void> {
    await this.ask('/v3/lease/revoke', { ID: lease });
  }

  /**
   * Calls `changed` for whatever is written under the prefix after the revision. Resolves when etcd
   * ends the watch, rejects when the connection is lost or the signal fires.
   */
  async watch(
    prefix: string,
    afterRevision: string,
    changed: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const request = {
      key: encode(prefix),
      range_end: prefixEnd(prefix),
      start_revision: `${BigInt(afterRevision) + 1n}`,
    };
    const endpoint = this.endpoints[this.current];
    const response = await this.send(endpoint, '/v3/watch', { create_request: request }, signal);
    if (!response.ok || response.body === null) throw await errorRead(response);
    let line = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      line += decoder.decode(chunk, { stream: true });
      const lines = line.split('\n');
      line = lines.pop() ?? '';
      if (line.length > WATCH_LINE_BYTES_MAX) return;
      for (const one of lines.filter((text) => text !== '')) {
        const result = field(JSON.parse(one), 'result');
        if (field(result, 'canceled') === true) return;
        if (field(result, 'events') !== undefined) changed();
      }
    }
  }

  /** Asks one endpoint after the other until one answers; rejects with what the last one did. */
  private async ask(path: string, request: object): Promise<unknown> {
    let failure: unknown;
    for (let tries = 0; tries < this.endpoints.length; tries++) {
      try {
        return await this.askCurrent(path, request);
      } catch (error) {
        if (error instanceof EtcdError && !PASSING_CODES.includes(error.code)) throw error;
        failure = error;
        this.current = (this.current + 1) % this.endpoints.length;
      }
    }
    throw failure;
  }

  private async askCurrent(path: string, request: object): Promise<unknown> {
    const endpoint = this.endpoints[this.current];
    const signal = AbortSignal.timeout(this.requestMsMax);
    let response = await this.send(endpoint, path, request, signal);
    if (response.ok) return response.json();
    const error = await errorRead(response);
    if (endpoint.user === null || !wantsToken(error)) throw error;
    await this.authenticate(endpoint, endpoint.user, signal);
    response = await this.send(endpoint, path, request, signal);
    if (!response.ok) throw await errorRead(response);
    return response.json();
  }

  private async authenticate(
    endpoint: EtcdEndpoint,
    user: EtcdUser,
    signal: AbortSignal,
  ): Promise<void> {
    this.tokens.delete(endpoint);
    const response = await this.send(endpoint, '/v3/auth/authenticate', user, signal);
    if (!response.ok) throw await errorRead(response);
    this.tokens.set(endpoint, textField(await response.json(), 'token', ''));
  }

  private send(
    endpoint: EtcdEndpoint,
    path: string,
    request: object,
    signal: AbortSignal,
  ): Promise<Response> {
    const token = this.tokens.get(endpoint);
    return fetch(`${endpoint.url}${path}`, {
      method: 'POST',
      headers: token === undefined ? {} : { authorization: token },
      body: JSON.stringify(request),
      redirect: 'error',
      signal,
    });
  }
}

function entryRead(json: unknown): EtcdEntry {
  return {
    key: decode(textField(json, 'key', '')),
    value: decode(textField(json, 'value', '')),
    modRevision: textField(json, 'mod_revision', '0'),
    lease: textField(json, 'lease', '0'),
  };
}

/** A refusal as etcd words it; `message` or, in older ones, `error`. */
async function errorRead(response: Response): Promise<EtcdError> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = { message: text };
  }
  const code = field(json, 'code');
  const unreadable = response.status >= 500 ? ETCD_CODE.UNAVAILABLE : ETCD_CODE.UNKNOWN;
  const message = textField(json, 'message', textField(json, 'error', ''));
  return new EtcdError(
    typeof code === 'number' ? code : unreadable,
    `HTTP ${response.status}: ${message.trim().slice(0, 200)}`,
  );
}

function wantsToken(error: EtcdError): boolean {
  return error.code === ETCD_CODE.UNAUTHENTICATED || error.message.includes(NO_TOKEN);
}

/** Why a request failed, in a few words: fetch hides the system's reason in the cause. */
export function etcdReason(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return errorReason(cause) || errorSystemCode(cause);
}
