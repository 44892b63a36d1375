/** What a client that has its keys tracked asked for: CLIENT TRACKING. Null in its session: nothing. */
export class Tracking {
  /** It hears of all keys that begin with one of `prefixes`, whether it has read them or not. */
  isBroadcast = false;
  /** What it reads counts only behind CLIENT CACHING YES; or unless behind … NO. */
  optsIn = false;
  optsOut = false;
  /** It does not hear of what it changes itself. */
  skipsOwn = false;
  /** Id of the client that is told in its place, 0: none; and that client's record in the connection table. */
  redirect = 0;
  redirectRecord = 0;
  /** That client was found to be gone. */
  isBroken = false;
  /** Their bytes, one character each. */
  readonly prefixes = new Set<string>();
}
