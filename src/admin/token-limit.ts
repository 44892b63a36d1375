/**
 * Bounds how fast the token can be guessed: as for passwords (auth/guess-limit.ts), by where the guesses come
 * from. A guess holds a connection of this port until it is answered, so few may wait at a time from one place;
 * further ones are not looked at.
 */
import { type AttemptResult, GuessLimit, guessSource } from '../auth/guess-limit.ts';

export const WAITING_PER_SOURCE_MAX = 4;

export class TokenLimit {
  /** Tokens that were not the token. */
  failures = 0;
  private readonly limit: GuessLimit;
  private readonly waiting = new Map<string, number>();

  constructor(limit: GuessLimit = new GuessLimit()) {
    this.limit = limit;
  }

  /** When the outcome of a comparison may be told. `address`: of who has sent the token. */
  async judge(address: string, isRight: boolean): Promise<AttemptResult> {
    const source = guessSource(address);
    const count = this.waiting.get(source) ?? 0;
    if (count >= WAITING_PER_SOURCE_MAX) return 'refused';
    this.waiting.set(source, count + 1);
    if (!isRight) this.failures++;
    try {
      return await this.limit.attempt(source, 'token', {
        quick: () => isRight,
        slow: async () => isRight,
        isWanted: () => true,
      });
    } finally {
      this.leave(source);
    }
  }

  private leave(source: string): void {
    const count = this.waiting.get(source) ?? 0;
    if (count > 1) this.waiting.set(source, count - 1);
    else this.waiting.delete(source);
  }
}
