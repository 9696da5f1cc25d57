/** SASL mechanisms of FileX/1. PROTOCOL.md, section 6.3. */
export type Mechanism = 'SCRAM-SHA-256-PLUS' | 'SCRAM-SHA-256' | 'ANONYMOUS';
