const whole = (value) => Math.round(value).toLocaleString('en');
const two = (value) => value.toFixed(2);

/** The figures as a table for people. */
export function markdown(report) {
  const { node, system, processor, cores, memory, load, fileSystem, date, size, files, rounds } = report;
  const lines = [
    `${date}, Node ${node}, ${system}, ${cores} × ${processor}, ${whole(memory / 2 ** 30)} GiB, load ${two(load)} at`,
    `the start. On ${fileSystem}. The large file has ${whole(size / 2 ** 20)} MiB, the tree ${whole(files)} files of`,
    `4 KiB. Median of ${rounds} alternating runs over loopback; the ratio is that of the medians, first program to last,`,
    'with the least and the most of single rounds behind it. Processor time is that of both ends together.',
    '',
    '| work | program | median | least–most | processor s | ratio | floor |',
    '|---|---|--:|--:|--:|--:|--:|',
  ];
  for (const row of report.rows) lines.push(...rowLines(row));
  return lines.join('\n');
}

function rowLines({ id, skipped, unit, ratio, ratios, floor, verdict, programs = [] }) {
  if (skipped !== undefined) return [`| ${id} | left out: ${skipped} | | | | | |`];
  return programs.map(({ title, median, least, most, processor }, index) => {
    const rate = `${whole(median)} ${unit} | ${whole(least)}–${whole(most)}`;
    const used = processor === undefined ? '' : two(processor);
    if (index > 0) return `| | ${title} | ${rate} | ${used} | | |`;
    const compared = `**${two(ratio)}** (${two(ratios.least)}–${two(ratios.most)})`;
    const least_ = floor === undefined ? '' : `${floor}${verdict === 'ok' ? '' : ' ✗'}`;
    return `| ${id} | ${title} | ${rate} | ${used} | ${compared} | ${least_} |`;
  });
}
