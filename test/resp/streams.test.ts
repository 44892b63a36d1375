/** The commands on streams, as scripted sessions. */
import { sessionsTry } from './session-suite.ts';
import { STREAM_SESSIONS } from './stream-sessions.ts';

sessionsTry(STREAM_SESSIONS);
