/** What the admin thread and the main thread say to each other. */
import type { CommandList } from '../commands/command-list.ts';
import type { CommandConfig } from '../commands/server-context.ts';
import type { ArenaHandles } from '../memory/arena.ts';
import type { Operated, Operation } from '../net/operation.ts';
import type { TlsFiles } from '../net/tls-material.ts';
import type { ClusterNode } from '../protocol/memcached/cluster-config.ts';

/** The part of the configuration that the admin port goes by. */
export type AdminConfig = CommandConfig & {
  readonly adminPort: number;
  /** `*`: all interfaces. */
  readonly adminListen: string;
  readonly adminTls: 'off' | 'on' | 'mtls';
};

/** What the admin thread is started with. */
export type AdminStart = {
  readonly handles: ArenaHandles;
  readonly config: AdminConfig;
  readonly version: string;
  readonly commands: CommandList;
  readonly told: Told;
  readonly token: string | null;
  /** Null: there is no TLS on this port. */
  readonly tlsFiles: TlsFiles | null;
};

/** How busy the event loop of a data thread was: since it was started, and in the last second. */
export type LoopUse = { readonly activeSec: number; readonly utilization: number };

/** What the main thread tells once a second. `loops`: by data thread; null: it is being started anew. */
export type Told = {
  readonly loops: readonly (LoopUse | null)[];
  readonly logLevel: string;
};

/** A port of the data threads, as a probe of it needs to know it. */
export type ProbeTarget = {
  readonly protocol: 'auto' | 'ascii' | 'binary' | 'resp';
  readonly tls: boolean;
  /** Null: all interfaces. With a path, that of a unix socket, there is neither host nor port. */
  readonly host: string | null;
  readonly port: number;
  readonly path: string | null;
  /** Data threads that listen there. */
  readonly threads: readonly number[];
};

/** What the admin thread asks the main thread: what it says with that, and what is answered. */
type AdminQuestions = {
  readonly targets: {
    readonly says: null;
    readonly answer: { readonly isEnding: boolean; readonly targets: readonly ProbeTarget[] };
  };
  readonly config: {
    readonly says: null;
    readonly answer: Readonly<Record<string, unknown>>;
  };
  readonly logLevel: { readonly says: null; readonly answer: string };
  readonly logLevelSet: {
    readonly says: { readonly level: string; readonly from: string };
    /** Null: it was set. */
    readonly answer: string | null;
  };
  /** The hottest keys are being looked for: for the log. */
  readonly sampling: {
    readonly says: { readonly seconds: number; readonly from: string };
    readonly answer: null;
  };
  /** How the node itself is listed where its clients look for nodes. */
  readonly node: { readonly says: null; readonly answer: ClusterNode | null };
  readonly operate: {
    readonly says: {
      readonly operation: Operation;
      /** The only data thread that can do it; null: any. */
      readonly thread: number | null;
      /** Who asks: an address. */
      readonly from: string;
      /** When nobody waits for it any more, as Date.now() has it: then it is not begun. */
      readonly untilMs: number;
    };
    readonly answer: Operated;
  };
};
export type AdminQuestion = keyof AdminQuestions;
export type AdminAnswers = { readonly [Q in AdminQuestion]: AdminQuestions[Q]['answer'] };
export type AdminSays = { readonly [Q in AdminQuestion]: AdminQuestions[Q]['says'] };

/** A question as it is sent. */
export type AdminAsk = {
  readonly [Q in AdminQuestion]: {
    readonly kind: 'ask';
    readonly id: number;
    readonly question: Q;
    readonly says: AdminSays[Q];
  };
}[AdminQuestion];

/** From the admin thread. */
export type AdminMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'listenFailed'; readonly code: string; readonly message: string }
  | AdminAsk;

/** To it. */
export type AdminCommand =
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly answer: AdminAnswers[AdminQuestion];
    }
  | ({ readonly kind: 'told' } & Told)
  | {
      readonly kind: 'renew';
      readonly token: string | null;
      readonly tlsFiles: TlsFiles | null;
    };
