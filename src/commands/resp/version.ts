/** The version of Redis whose commands are spoken here, as clients ask for it. */
export const REDIS_VERSION = '7.2.4';
