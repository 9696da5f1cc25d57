/** A name or passcode as FX-6.4-6 wants it before it is used; undefined when it is refused. */
export function prepared(text: string): string | undefined {
  const plain = text
    .replaceAll(/\p{Zs}/gu, ' ')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC');
  return plain === '' || /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\ufff9-\ufffd]/u.test(plain)
    ? undefined
    : plain;
}
