/** What CLIENT TRACKING and its companions answer, by themselves. */
import { RESP_ERROR, wrongArity } from '../../src/protocol/resp/errors.ts';
import { type Session, session } from './session.ts';

const SYNTAX = `-${RESP_ERROR.syntax}`;
const NOT_INTEGER = `-${RESP_ERROR.notInteger}`;
const OTHER_BROADCAST = /^-ERR You can't switch BCAST mode on\/off before disabling tracking/;
const OTHER_OPT = /^-ERR You can't switch OPTIN\/OPTOUT mode before disabling tracking/;
const CACHING_OFF = /^-ERR CLIENT CACHING can be called only when the client is in tracking mode/;
const ANOTHER = /^-ERR Prefix 'foobar' overlaps with another provided prefix 'foo'\. Prefixes /;
const EXISTING = /^-ERR Prefix 'fo' overlaps with an existing prefix 'foo'\. Prefixes /;

/** TRACKINGINFO's reply in RESP2. */
function told(flags: string, redirect: number, prefixes: string): string {
  return `["flags", [${flags}], "redirect", :${redirect}, "prefixes", [${prefixes}]]`;
}

export const TRACKING_SESSIONS: readonly Session[] = [
  session('tracking is turned on and off', [
    ['client tracking', `-${wrongArity('client|tracking')}`],
    ['client tracking maybe', SYNTAX],
    ['client tracking on foo', SYNTAX],
    ['client tracking on redirect', SYNTAX],
    ['client tracking on prefix', SYNTAX],
    ['client trackinginfo', told('"off"', -1, '')],
    ['client tracking off', '+OK'],
    ['client tracking ON', '+OK'],
    ['client getredir', ':0'],
    ['client trackinginfo', told('"on"', 0, '')],
    ['client tracking on noloop', '+OK'],
    ['client trackinginfo', told('"on", "noloop"', 0, '')],
    ['client tracking on', '+OK'],
    ['client trackinginfo', told('"on"', 0, '')],
    ['client info', / flags=t .* redir=0 /],
    ['reset', '+RESET'],
    ['client trackinginfo', told('"off"', -1, '')],
    ['client trackinginfo x', `-${wrongArity('client|trackinginfo')}`],
    ['client getredir x', `-${wrongArity('client|getredir')}`],
  ]),
  session('another client is told only if it is there', [
    ['client tracking on redirect x', NOT_INTEGER],
    ['client tracking on redirect 0', '-ERR The client ID you want redirect to does not exist'],
    ['client tracking on redirect 987654321', /^-ERR The client ID you want redirect to does not/],
    ['client getredir', ':-1'],
  ]),
  session('prefixes are for broadcasts, and do not overlap', [
    ['client tracking on prefix a', '-ERR PREFIX option requires BCAST mode to be enabled'],
    ['client tracking on bcast prefix foobar prefix foo', ANOTHER],
    ['client tracking on bcast prefix a prefix a', /^-ERR Prefix 'a' overlaps with another/],
    ['client tracking on bcast prefix foo prefix bar', '+OK'],
    ['client trackinginfo', told('"on", "bcast"', 0, '"bar", "foo"')],
    ['client tracking on bcast prefix fo', EXISTING],
    ['client tracking on bcast prefix x noloop', '+OK'],
    ['client trackinginfo', told('"on", "bcast", "noloop"', 0, '"bar", "foo", "x"')],
    ['client tracking on', OTHER_BROADCAST],
    ['client tracking on bcast optin', '-ERR OPTIN and OPTOUT are not compatible with BCAST'],
    ['client tracking off', '+OK'],
    ['client tracking on', '+OK'],
    ['client tracking on bcast', OTHER_BROADCAST],
    ['client tracking off', '+OK'],
    ['client tracking on bcast', '+OK'],
    ['client trackinginfo', told('"on", "bcast"', 0, '""')],
    ['client tracking off', '+OK'],
  ]),
  session('a client opts in or out', [
    ['client caching yes', CACHING_OFF],
    ['client tracking on optin optout', "-ERR You can't specify both OPTIN mode and OPTOUT mode"],
    ['client tracking on optin', '+OK'],
    ['client trackinginfo', told('"on", "optin"', 0, '')],
    ['client caching yes', '+OK'],
    ['client trackinginfo', told('"on", "optin", "caching-yes"', 0, '')],
    ['ping', '+PONG'],
    ['client trackinginfo', told('"on", "optin"', 0, '')],
    [
      'client caching no',
      /^-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT/,
    ],
    ['client caching maybe', SYNTAX],
    ['client tracking on optout', OTHER_OPT],
    ['client tracking off', '+OK'],
    ['client tracking on optout', '+OK'],
    [
      'client caching yes',
      /^-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN/,
    ],
    ['client caching no', '+OK'],
    ['client trackinginfo', told('"on", "optout", "caching-no"', 0, '')],
    ['client tracking off', '+OK'],
    ['client caching', `-${wrongArity('client|caching')}`],
  ]),
];
