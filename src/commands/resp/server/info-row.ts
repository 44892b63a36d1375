/** Lines of INFO. */
export type InfoRow = readonly [name: string, value: string | number];

/** Bytes as people say them, as Redis does: `918.86K`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes / 1024;
  for (const unit of ['K', 'M', 'G', 'T']) {
    if (value < 1024) return `${value.toFixed(2)}${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(2)}P`;
}

/** A share in per cent. */
export function percentText(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

/** How often one goes into the other. */
export function ratioText(part: number, whole: number): string {
  return (whole === 0 ? 0 : part / whole).toFixed(2);
}
