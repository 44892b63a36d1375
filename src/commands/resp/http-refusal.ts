/**
 * HTTP where RESP is spoken. A web page can have a browser send a request to this port, and what the page put
 * into its body would be taken for inline commands, behind a few lines that are unknown ones. So what every
 * such request has, `POST` or `Host:`, ends the connection before the body is met.
 *
 * Cf. valkey-io/valkey src/networking.c, securityWarningCommand.
 */
import { argumentIs } from '../../protocol/resp/arguments.ts';
import type { RespCall } from './call.ts';
import { clientAddress } from './server/client-list.ts';
import { PHASE } from './session.ts';

/** Not told of more often, since whoever tries may try often. */
const TOLD_MS_MIN = 60_000;
let toldAtMs = 0;

/** Whether `call.args` are a line of HTTP. Then the connection is closed, without an answer. */
export function httpRefuse(call: RespCall): boolean {
  const { args, session, server, op } = call;
  if (!argumentIs(args, 0, 'post') && !argumentIs(args, 0, 'host:')) return false;
  session.phase = PHASE.CLOSED;
  if (op.nowMs - toldAtMs >= TOLD_MS_MIN) {
    toldAtMs = op.nowMs;
    const from = clientAddress(call, session.host.record);
    server.warn('HTTP on the RESP port: maybe an attack by way of a browser', { from });
  }
  return true;
}
