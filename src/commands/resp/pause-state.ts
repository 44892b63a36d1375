/** The pause of CLIENT PAUSE, as it holds on a thread: see client-pause.ts. */
export class Pause {
  /** 0: there is none. */
  untilMs = 0;
  isOfAll = false;
  timer: NodeJS.Timeout | null = null;
}
