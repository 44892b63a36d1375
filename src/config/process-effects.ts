/**
 * What directives do to the process as a whole: title, working directory, oom_score_adj. Only the main
 * thread may change any of them. Each returns what went wrong, or null.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { errorReason } from '../base/errors.ts';
import type { Settings } from './directive-table.ts';
import { titleExpand } from './process-title.ts';

const OOM_SCORE_FILE = '/proc/self/oom_score_adj';
const OOM_SCORE_MAX = 1000;

/** Shows the title. `path`: the config file, or null. */
export function processTitleSet(settings: Settings, path: string | null): string | null {
  if (!settings.setProcTitle) return null;
  const { port, tlsPort, unixsocket, bind } = settings;
  const shown = port === 0 ? tlsPort : port;
  const title = titleExpand(settings.procTitleTemplate, {
    title: process.argv[1] ?? process.argv0,
    'listen-addr': shown === 0 ? `unixsocket:${unixsocket}` : `${bind[0] ?? '*'}:${shown}`,
    'server-mode': '',
    'config-file': path ?? '-',
    port: `${port}`,
    'tls-port': `${tlsPort}`,
    unixsocket,
  });
  if (title === null) return 'failed to set process title';
  process.title = title;
  return null;
}

/** Goes to a directory. */
export function directoryEnter(path: string): string | null {
  try {
    process.chdir(path);
    return null;
  } catch (error) {
    return errorReason(error);
  }
}

/** The process's oom_score_adj as it was, and whether we have changed it. */
export class OomScore {
  private base: number | null = null;

  /** Sets it as oom-score-adj says; where that is off, back to what it was. */
  set({ oomScoreAdj, oomScoreAdjValues }: Settings): string | null {
    if (oomScoreAdj === 'no' && this.base === null) return null;
    try {
      const base = this.base ?? Number.parseInt(readFileSync(OOM_SCORE_FILE, 'latin1'), 10);
      const wanted = oomScoreAdjValues[0] + (oomScoreAdj === 'yes' ? base : 0);
      const bounded = Math.max(-OOM_SCORE_MAX, Math.min(OOM_SCORE_MAX, wanted));
      writeFileSync(OOM_SCORE_FILE, `${oomScoreAdj === 'no' ? base : bounded}\n`);
      this.base = oomScoreAdj === 'no' ? null : base;
      return null;
    } catch {
      return 'Failed to set current oom_score_adj. Check server logs.';
    }
  }
}
