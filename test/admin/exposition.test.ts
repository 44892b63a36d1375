/** The two formats of a page of metrics, byte for byte, and which of them is answered. */
import { describe, expect, it } from 'vitest';
import { Exposition, formatNegotiate } from '../../src/admin/exposition.ts';

function fill(page: Exposition): string {
  page.info('a_build_info', 'What is running.', { version: '1', quote: 'a"b\\c\nd' });
  page.gauge('a_ratio', 'A back\\slash.', Number.NaN);
  page.counter('a_runs_total', 'Runs.', [
    [{ cmd: 'get' }, 3],
    [{ cmd: 'set' }, 2 ** 53],
  ]);
  page.histogram('a_duration_seconds', 'Times.', [
    { labels: { cmd: 'get' }, limits: [0.5, 1], counts: [1, 0, 2], sum: 7.25 },
  ]);
  return page.text();
}

describe('a page of metrics', () => {
  it('is text for Prometheus', () => {
    expect(fill(new Exposition('prometheus'))).toBe(
      [
        '# HELP a_build_info What is running.',
        '# TYPE a_build_info gauge',
        'a_build_info{version="1",quote="a\\"b\\\\c\\nd"} 1',
        '# HELP a_ratio A back\\\\slash.',
        '# TYPE a_ratio gauge',
        'a_ratio NaN',
        '# HELP a_runs_total Runs.',
        '# TYPE a_runs_total counter',
        'a_runs_total{cmd="get"} 3',
        'a_runs_total{cmd="set"} 9007199254740992',
        '# HELP a_duration_seconds Times.',
        '# TYPE a_duration_seconds histogram',
        'a_duration_seconds_bucket{cmd="get",le="0.5"} 1',
        'a_duration_seconds_bucket{cmd="get",le="1"} 1',
        'a_duration_seconds_bucket{cmd="get",le="+Inf"} 3',
        'a_duration_seconds_sum{cmd="get"} 7.25',
        'a_duration_seconds_count{cmd="get"} 3',
        '',
      ].join('\n'),
    );
  });

  it('is OpenMetrics where that differs', () => {
    const text = fill(new Exposition('openmetrics'));
    expect(text).toContain('# TYPE a_build info\na_build_info{');
    expect(text).toContain('# TYPE a_runs counter\na_runs_total{');
    expect(text).toContain('le="1.0"}');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('refuses a metric that is there already', () => {
    const page = new Exposition('prometheus');
    page.gauge('a', 'A.', 1);
    expect(() => page.gauge('a', 'A.', 1)).toThrow('once');
  });

  it.each([
    [undefined, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/plain;version=0.0.4', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text;version=1.0.0;charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text; version=0.0.1', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=0.3,text/plain;q=0.5', 'prometheus'],
    ['application/openmetrics-text;q=x', 'prometheus'],
    // What Prometheus itself sends.
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      'openmetrics',
    ],
  ] as const)('Accept: %s gets %s', (accept, format) => {
    expect(formatNegotiate(accept)).toBe(format);
  });
});
