/** The result as text: a row for each client and direction. */
export function summaryTable(rows, style) {
  const head = ['client', 'direction', 'tree', 'files', 'MB', 'seconds', 'MB/s', 'verified'];
  const body = rows.map(({ name, direction, label, files, bytes, seconds, differences }) => [
    name,
    direction,
    label,
    String(files),
    (bytes / 1e6).toFixed(1),
    seconds.toFixed(1),
    (bytes / 1e6 / seconds).toFixed(1),
    differences.length === 0 ? 'every byte' : `${differences.length} wrong`,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((row) => row[i].length)));
  const numeric = new Set([3, 4, 5, 6]);
  const line = (cells) =>
    cells
      .map((cell, i) => (numeric.has(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [style.strong(line(head)), style.dim(rule), ...body.map(line)].join('\n');
}
