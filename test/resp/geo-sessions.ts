/** Sessions of the commands on positions. */
import { type Session, session } from './session.ts';

const NOT_FLOAT = '-ERR value is not a valid float';
const SYNTAX = '-ERR syntax error';
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const NO_UNIT = '-ERR unsupported unit provided. please use M, KM, FT, MI';

const SICILY: readonly [string, string] = [
  'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania',
  ':2',
];
const PALERMO = '["13.36138933897018433", "38.11555639549629859"]';
const CATANIA = '["15.08726745843887329", "37.50266842333162032"]';

export const GEO_SESSIONS: readonly Session[] = [
  session('positions are added and told', [
    SICILY,
    ['geoadd g 13.361389 38.115556 Palermo', ':0'],
    ['geoadd g nx ch 0 0 Palermo 1 1 x', ':1'],
    ['geoadd g xx ch 0 0 y 1 2 x', ':1'],
    ['geoadd g nx xx 0 0 y', SYNTAX],
    ['geoadd g 0 0 y 1', SYNTAX],
    ['geoadd g 200 100 y', '-ERR invalid longitude,latitude pair 200.000000,100.000000'],
    ['geoadd g 1 86 y', '-ERR invalid longitude,latitude pair 1.000000,86.000000'],
    ['geoadd g x 0 y', NOT_FLOAT],
    ['zrem g x', ':1'],
    ['geopos g Palermo none Catania', `[${PALERMO}, nil, ${CATANIA}]`],
    ['geopos g', '[]'],
    ['geopos none a', '[nil]'],
    ['zscore g Palermo', '"3479099956230698"'],
    ['geohash g Palermo none Catania', '["sqc8b49rny0", nil, "sqdtr74hyu0"]'],
    ['geohash none a', '[nil]'],
  ]),
  session('distances in every unit', [
    SICILY,
    ['geodist g Palermo Catania', '"166274.1516"'],
    ['geodist g Palermo Catania km', '"166.2742"'],
    ['geodist g Palermo Catania mi', '"103.3182"'],
    ['geodist g Palermo Catania FT', '"545518.8700"'],
    ['geodist g Palermo Palermo', '"0.0000"'],
    ['geodist g Palermo none', 'nil'],
    ['geodist none a b', 'nil'],
    ['geodist g Palermo Catania ly', NO_UNIT],
    ['geodist g Palermo Catania m x', SYNTAX],
  ]),
  session('members within a circle', [
    SICILY,
    ['geosearch g fromlonlat 15 37 byradius 200 km asc', '["Catania", "Palermo"]'],
    ['geosearch g fromlonlat 15 37 byradius 100 km', '["Catania"]'],
    ['geosearch g frommember Palermo byradius 200 km desc', '["Catania", "Palermo"]'],
    [
      'geosearch g fromlonlat 15 37 byradius 200 km asc withdist withhash withcoord',
      `[["Catania", "56.4413", :3479447370796909, ${CATANIA}], ["Palermo", "190.4424", :3479099956230698, ${PALERMO}]]`,
    ],
    ['geosearch g fromlonlat 15 37 byradius 200 km count 1', '["Catania"]'],
    ['geosearch g fromlonlat 15 37 byradius 200 km desc count 1', '["Palermo"]'],
    ['geosearch g fromlonlat 15 37 byradius 200 km count 1 any', /^\["(Catania|Palermo)"\]$/],
    ['geosearch none fromlonlat 15 37 byradius 200 km', '[]'],
    ['geosearch none frommember x byradius 200 km', '[]'],
    ['geosearch g frommember x byradius 200 km', '-ERR could not decode requested zset member'],
    ['georadius g 15 37 200 km asc', '["Catania", "Palermo"]'],
    ['georadius g 15 37 200 km asc withdist count 1', '[["Catania", "56.4413"]]'],
    ['georadius_ro g 15 37 100 km', '["Catania"]'],
    ['georadius_ro g 15 37 100 km store to', SYNTAX],
    ['georadiusbymember g Palermo 200 km asc', '["Palermo", "Catania"]'],
    ['georadiusbymember_ro g Palermo 100 km', '["Palermo"]'],
    ['georadiusbymember none Palermo 100 km', '[]'],
    ['georadius g 15 37 -1 km', '-ERR radius cannot be negative'],
    ['georadius g 15 37 x km', '-ERR need numeric radius'],
    ['georadius g 15 37 1 ly', NO_UNIT],
  ]),
  session('members within a box', [
    SICILY,
    ['geoadd g 12.758489 38.788135 edge1 17.24151 38.788135 edge2', ':2'],
    [
      'geosearch g fromlonlat 15 37 bybox 400 400 km asc withdist',
      '[["Catania", "56.4413"], ["Palermo", "190.4424"], ["edge2", "279.7403"], ["edge1", "279.7405"]]',
    ],
    ['geosearch g fromlonlat 15 37 bybox 50 120 km', '["Catania"]'],
    ['geosearch g fromlonlat 15 37 bybox -1 1 km', '-ERR height or width cannot be negative'],
    ['geosearch g fromlonlat 15 37 bybox x 1 km', '-ERR need numeric width'],
    ['geosearch g fromlonlat 15 37 bybox 1 x km', '-ERR need numeric height'],
  ]),
  session('options that do not go together', [
    SICILY,
    ['geosearch g frommember Palermo fromlonlat 1 1 byradius 1 km', SYNTAX],
    ['geosearch g frommember Palermo byradius 1 km bybox 1 1 km', SYNTAX],
    [
      'geosearch g byradius 1 km asc withdist',
      '-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch',
    ],
    [
      'geosearch g fromlonlat 1 1 asc withdist',
      '-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch',
    ],
    [
      'geosearch g fromlonlat 1 1 byradius 1 km any',
      '-ERR the ANY argument requires COUNT argument',
    ],
    ['geosearch g fromlonlat 1 1 byradius 1 km count 0', '-ERR COUNT must be > 0'],
    ['geosearch g fromlonlat 1 1 byradius 1 km storedist', SYNTAX],
    [
      'georadius g 1 1 1 km store to withdist',
      '-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
    ],
    [
      'geosearchstore to g fromlonlat 1 1 byradius 1 km withdist',
      '-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
    ],
  ]),
  session('what is found is stored', [
    SICILY,
    ['geosearchstore to g fromlonlat 15 37 byradius 200 km', ':2'],
    ['zrange to 0 -1', '["Palermo", "Catania"]'],
    ['geosearchstore to g fromlonlat 15 37 byradius 200 km asc count 1 storedist', ':1'],
    ['zrange to 0 -1', '["Catania"]'],
    ['zrangebyscore to 56.44 56.45', '["Catania"]'],
    ['geosearchstore to g fromlonlat 0 0 byradius 1 m', ':0'],
    ['exists to', ':0'],
    ['georadius g 15 37 200 km store to', ':2'],
    ['georadius g 15 37 200 km storedist to2 store to', ':2'],
    ['exists to to2', ':1'],
    ['georadiusbymember g Palermo 200 km storedist to', ':2'],
    ['zscore to Palermo', '"0"'],
    ['georadius none 15 37 200 km store to', ':0'],
    ['exists to', ':0'],
  ]),
  session('around the edges of the map', [
    ['geoadd g 179.5 0 east -179.5 0 west 0 85 north', ':3'],
    ['geosearch g fromlonlat 180 0 byradius 100 km asc', '["east"]'],
    ['geosearch g fromlonlat 0 85 byradius 10 km', '["north"]'],
    ['geosearch g fromlonlat 0 0 byradius 30000 km asc', /"north".*\]$/],
    ['geoadd g 180 85.05112878 corner', ':1'],
    ['geopos g corner', /^\[\["180", "85\.0511287(8|79)\d*"\]\]$/],
  ]),
  session('what is no sorted set is refused', [
    ['set s x', '+OK'],
    ...[
      'geoadd s 1 1 a',
      'geopos s a',
      'geohash s a',
      'geodist s a b',
      'geosearch s fromlonlat 1 1 byradius 1 km',
      'geosearchstore to s fromlonlat 1 1 byradius 1 km',
      'georadius s 1 1 1 km',
      'georadiusbymember s a 1 km',
    ].map((words): [string, string] => [words, WRONG_TYPE]),
  ]),
];
