/** The commands on sorted sets and positions, as scripted sessions. */
import { GEO_SESSIONS } from './geo-sessions.ts';
import { sessionsTry } from './session-suite.ts';
import { ZSET_SESSIONS } from './zset-sessions.ts';

sessionsTry([...ZSET_SESSIONS, ...GEO_SESSIONS]);
