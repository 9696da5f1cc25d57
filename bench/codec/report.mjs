const million = (value) => (value / 1e6).toFixed(value < 1e6 ? 3 : 1);
const two = (value) => value.toFixed(2);

/** @param {number} rate payloads per second @param {number} payload bytes of each */
export const gigabytes = (rate, payload) => (rate * payload) / 1e9;

/** The figures as tables for people. */
export function markdown(report) {
  const { date, node, system, processor, cores, load, rounds, versions } = report;
  const lines = [
    `${date}, Node ${node}, ${system}, ${cores} × ${processor}, load ${two(load)} at the start. Median of ${rounds} rounds`,
    'in turn, with the least and the most; the ratio is FileX against the best of the others, the median of the ratios of',
    `single rounds. Seconds are those that the thread ran. ${versions.map(({ title, version }) => `${title} ${version}`).join(', ')}.`,
    '',
    '| work | decoder | million frames/s | least–most | GB/s | ratio | floor |',
    '|---|---|--:|--:|--:|--:|--:|',
  ];
  for (const row of report.rows.filter(({ own }) => own !== true)) lines.push(...decoderLines(row));
  const own = report.rows.find((row) => row.own);
  if (own !== undefined) lines.push('', ...ownLines(own));
  return lines.join('\n');
}

function decoderLines({ title, payload, floor, rateFloor, figures, missing, compared }) {
  const measured = figures.map(({ title: name, median, least, most }, index) => {
    const speed = gigabytes(median, payload);
    const asked =
      index > 0 || rateFloor === undefined ? '' : ` (≥ ${rateFloor} ${speed < rateFloor ? '✗' : '✓'})`;
    const rate = `${million(median)} | ${million(least)}–${million(most)} | ${two(speed)}${asked}`;
    if (index > 0 || compared === undefined) return `| ${index > 0 ? '' : title} | ${name} | ${rate} | | |`;
    const ratio = `**${two(compared.ratio)}** (${two(compared.least)}–${two(compared.most)})`;
    const verdict = floor === undefined ? '' : `${floor}${compared.ratio < floor ? ' ✗' : ' ✓'}`;
    return `| ${title} | ${name} | ${rate} | ${ratio} | ${verdict} |`;
  });
  return [...measured, ...missing.map((name) => `| | ${name} | missing | | | | |`)];
}

function ownLines({ title, figures }) {
  return [
    `| ${title} | ns each | least–most | million/s |`,
    '|---|--:|--:|--:|',
    ...figures.map(({ title: name, median, least, most }) => {
      const ns = (rate) =>
        rate > 1e6 ? (1e9 / rate).toFixed(0) : Math.round(1e9 / rate).toLocaleString('en');
      return `| ${name} | ${ns(median)} | ${ns(most)}–${ns(least)} | ${(median / 1e6).toFixed(median < 1e5 ? 4 : 2)} |`;
    }),
  ];
}
