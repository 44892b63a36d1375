/** Directives about the process: its log, its limits, who may do what, and what it notes of commands. */
import { directory, oomScores, percentiles } from './compound-types.ts';
import { DIRECTIVE, type DirectiveRow, OWN_RUNTIME } from './directive.ts';
import { TITLE_TEMPLATE_DEFAULT, titleTemplateProblem } from './process-title.ts';
import {
  choice,
  choices,
  INT_MAX,
  integer,
  LONG_MAX,
  text,
  textOrNone,
  yesNo,
} from './value-type.ts';

const { NONE, FIXED, PROTECTED, SENSITIVE, HIDDEN, IDLE } = DIRECTIVE;

export const LOG_LEVELS = ['debug', 'verbose', 'notice', 'warning', 'nothing'] as const;

/** Who may: nobody, everybody, clients of this machine. */
const ALLOWED = ['no', 'yes', 'local'] as const;
const SYSLOG_FACILITIES = ['user', ...Array.from({ length: 8 }, (_, at) => `local${at}`)];
const NO_SYSLOG = 'the log goes to a file or to standard output';
const NO_AFFINITY = 'Node.js cannot bind threads to cores';

const SHUTDOWN_WAYS = ['default', 'save', 'nosave', 'now', 'force'] as const;
const SHUTDOWN_EXCLUDED = {
  pair: ['save', 'nosave'],
  problem: "shutdown options SAVE and NOSAVE can't be used simultaneously",
} as const;

/** JavaScript compares by code units, as strcoll does in this locale. */
function localeProblem(name: string): string | null {
  return ['', 'C', 'POSIX'].includes(name) ? null : 'Invalid locale name';
}

// biome-ignore format: a table reads in columns
export const PROCESS_ROWS = [
  { name: 'daemonize',              type: yesNo(),                     default: 'no',     flags: FIXED,    does: 'Run in the background.' },
  { name: 'pidfile',                type: textOrNone(),                default: '',       flags: FIXED,    does: 'File for the process id.' },
  { name: 'supervised',             type: choice(['upstart', 'systemd', 'auto', 'no']), default: 'no', flags: FIXED | IDLE, does: 'Node.js cannot send datagrams to a unix socket; let systemd use Type=exec' },
  { name: 'dir',                    type: directory(),                 default: '.',      flags: PROTECTED, apply: 'directory', does: 'Working directory.' },
  { name: 'loglevel',               type: choice(LOG_LEVELS),          default: 'notice', flags: NONE, apply: 'log', does: 'How much is logged.' },
  { name: 'logfile',                type: text(),                      default: '',       flags: FIXED,    does: 'Where the log goes; empty: standard output.' },
  { name: 'always-show-logo',       type: yesNo(),                     default: 'no',     flags: FIXED | IDLE, does: 'there is no logo' },
  { name: 'syslog-enabled',         type: yesNo(),                     default: 'no',     flags: FIXED | IDLE, does: NO_SYSLOG },
  { name: 'syslog-ident',           type: text(),                      default: 'redis',  flags: FIXED | IDLE, does: NO_SYSLOG },
  { name: 'syslog-facility',        type: choice(SYSLOG_FACILITIES),   default: 'local0', flags: FIXED | IDLE, does: NO_SYSLOG },
  { name: 'hide-user-data-from-log', type: yesNo(),                    default: 'no',     flags: IDLE,     does: 'the log never has keys or values' },
  { name: 'set-proc-title',         type: yesNo(),                     default: 'yes',    flags: FIXED,    does: 'Whether the process shows a title.' },
  { name: 'proc-title-template',    type: text(titleTemplateProblem),  default: TITLE_TEMPLATE_DEFAULT, flags: NONE, apply: 'title', does: 'The title.' },
  { name: 'hz',                     type: integer(0n, INT_MAX),        default: '10',     flags: IDLE,     does: 'background work runs ten times a second' },
  { name: 'dynamic-hz',             type: yesNo(),                     default: 'yes',    flags: IDLE,     does: 'background work runs ten times a second' },
  { name: 'oom-score-adj',          type: choice(['no', 'yes', 'relative', 'absolute'], { relative: 'yes' }), default: 'no', flags: NONE, apply: 'oomScore', does: 'Whether to set the process\'s oom_score_adj.' },
  { name: 'oom-score-adj-values',   type: oomScores(),                 default: '0 200 800', flags: NONE, apply: 'oomScore', does: 'The first is that of this process.' },
  { name: 'server-cpulist',         alias: 'server_cpulist',      type: textOrNone(), default: '', flags: FIXED | IDLE, does: NO_AFFINITY },
  { name: 'bio-cpulist',            alias: 'bio_cpulist',         type: textOrNone(), default: '', flags: FIXED | IDLE, does: NO_AFFINITY },
  { name: 'aof-rewrite-cpulist',    alias: 'aof_rewrite_cpulist', type: textOrNone(), default: '', flags: FIXED | IDLE, does: NO_AFFINITY },
  { name: 'bgsave-cpulist',         alias: 'bgsave_cpulist',      type: textOrNone(), default: '', flags: FIXED | IDLE, does: NO_AFFINITY },
  { name: 'ignore-warnings',        type: text(),                      default: '',       flags: IDLE,     does: OWN_RUNTIME },
  { name: 'crash-log-enabled',      type: yesNo(),                     default: 'yes',    flags: IDLE,     does: OWN_RUNTIME },
  { name: 'crash-memcheck-enabled', type: yesNo(),                     default: 'yes',    flags: IDLE,     does: OWN_RUNTIME },
  { name: 'use-exit-on-panic',      type: yesNo(),                     default: 'no',     flags: IDLE | HIDDEN, does: OWN_RUNTIME },
  { name: 'watchdog-period',        type: integer(0n, INT_MAX),        default: '0',      flags: IDLE | HIDDEN, does: OWN_RUNTIME },
  { name: 'enable-debug-assert',    type: yesNo(),                     default: 'no',     flags: FIXED | IDLE | HIDDEN, does: OWN_RUNTIME },
  { name: 'locale-collate',         type: text(localeProblem),         default: '',       flags: NONE,     does: 'How SORT ALPHA orders: by bytes, the only way there is.' },
  { name: 'extended-redis-compatibility', type: yesNo(),               default: 'no',     flags: IDLE,     does: 'the server always answers as Redis does' },
  { name: 'shutdown-on-sigint',     type: choices(SHUTDOWN_WAYS, SHUTDOWN_EXCLUDED), default: 'default', flags: NONE, does: 'How SIGINT ends the server.' },
  { name: 'shutdown-on-sigterm',    type: choices(SHUTDOWN_WAYS, SHUTDOWN_EXCLUDED), default: 'default', flags: NONE, does: 'How SIGTERM ends the server.' },
  { name: 'shutdown-timeout',       type: integer(0n, INT_MAX),        default: '10',     flags: IDLE,     does: 'there are no replicas to wait for' },
  // Who may do what
  { name: 'requirepass',            type: textOrNone(),                default: '',       flags: SENSITIVE, apply: 'users', does: 'Password of the user default.' },
  { name: 'enable-protected-configs', type: choice(ALLOWED),           default: 'no',     flags: FIXED,    does: 'Who may change dir and dbfilename.' },
  { name: 'enable-debug-command',   type: choice(ALLOWED),             default: 'no',     flags: FIXED,    does: 'Who may use DEBUG.' },
  { name: 'enable-module-command',  type: choice(ALLOWED),             default: 'no',     flags: FIXED,    does: 'Who may use MODULE LOAD, by which none can be loaded.' },
  { name: 'aclfile',                type: text(),                      default: '',       flags: FIXED,    does: 'File of users, which ACL LOAD reads and ACL SAVE writes.' },
  { name: 'acl-pubsub-default',     type: choice(['allchannels', 'resetchannels']), default: 'resetchannels', flags: NONE, does: 'Whether new users may use all channels, or none.' },
  { name: 'acllog-max-len',         type: integer(0n, LONG_MAX),       default: '128',    flags: NONE,     does: 'Entries of the ACL log.' },
  { name: 'tracking-table-max-keys', type: integer(0n, LONG_MAX),      default: '1000000', flags: NONE,    does: 'Keys that are tracked for clients, at most; 0: as many as they read.' },
  { name: 'busy-reply-threshold',   alias: 'lua-time-limit', type: integer(0n, LONG_MAX), default: '5000', flags: NONE, does: 'Milliseconds after which a script can be killed, and clients hear of it; 0: never.' },
  // What is noted of commands
  { name: 'slowlog-log-slower-than', type: integer(-1n, LONG_MAX),     default: '10000',  flags: NONE,     does: 'Microseconds from which on a command is slow; -1: none is.' },
  { name: 'slowlog-max-len',        type: integer(0n, LONG_MAX),       default: '128',    flags: NONE,     does: 'Entries of the slow log.' },
  { name: 'latency-monitor-threshold', type: integer(0n, LONG_MAX),    default: '0',      flags: NONE,     does: 'Milliseconds from which on an event is noted; 0: none is.' },
  { name: 'latency-tracking',       type: yesNo(),                     default: 'yes',    flags: NONE,     does: 'Whether the times of commands are counted.' },
  { name: 'latency-tracking-info-percentiles', type: percentiles(),    default: '50 99 99.9', flags: NONE, does: 'Percentiles that INFO latencystats shows.' },
] as const satisfies readonly DirectiveRow[];
