/**
 * The server that keys go to: a connection for one batch of requests, whose replies are a line each.
 *
 * Guard: none; it belongs to its thread.
 */
import { connect } from 'node:net';

/** Where something went wrong on the way; null: nowhere. */
export type TargetFailure = 'connecting' | 'reading' | null;

export type TargetAnswer = {
  readonly failure: TargetFailure;
  /** Those that came, in the order of the requests, with the character that they start with. */
  readonly replies: readonly string[];
};

export type TargetPlace = {
  readonly host: string;
  readonly port: number;
  /** How long nothing may happen. */
  readonly timeoutMs: number;
};

/** Sends requests, and resolves when so many replies have come, or none will come any more. */
export function targetAsk(
  { host, port, timeoutMs }: TargetPlace,
  requests: Buffer,
  replyCount: number,
): Promise<TargetAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let replies: string[] = [];
    let text = '';
    let isConnected = false;
    const end = (isWhole: boolean): void => {
      socket.destroy();
      resolve({ failure: isWhole ? null : isConnected ? 'reading' : 'connecting', replies });
    };
    socket.setNoDelay(true);
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('connect', () => {
      isConnected = true;
      socket.write(requests);
    });
    socket.on('data', (bytes: Buffer) => {
      const lines = (text + bytes.toString('latin1')).split('\r\n');
      text = lines.pop() ?? '';
      replies = [...replies, ...lines];
      if (replies.length >= replyCount) end(true);
    });
    socket.on('error', () => end(false));
    socket.once('close', () => end(false)); // what was resolved before stays so
  });
}
