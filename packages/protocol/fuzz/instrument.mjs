// Puts a counter into every block of a TypeScript source: functions, both ways of a branch, what && || ?? may skip.
import ts from 'typescript';

const COUNTERS = '__blocks';
const shortCircuits = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

/**
 * A transformer for `ts.transpileModule`. The file that comes out first asks
 * `globalThis.filexCoverage.register(file, blocks)` for its counters; see coverage.ts.
 */
export function instrument(file) {
  return (context) => (source) => {
    const { factory } = context;
    /** Line and kind of each block; the position is the number of its counter. */
    const blocks = [];

    const count = (node, kind) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      const number = blocks.push([line + 1, kind]) - 1;
      return factory.createPostfixIncrement(
        factory.createElementAccessExpression(factory.createIdentifier(COUNTERS), number),
      );
    };
    const countFirst = (node, kind) => factory.createExpressionStatement(count(node, kind));

    /** An expression, or a statement in braces, with a counter before it. */
    const counted = (node, kind) => {
      if (ts.isExpression(node)) {
        const counter = count(node, kind);
        return factory.createParenthesizedExpression(factory.createComma(counter, ts.visitNode(node, visit)));
      }
      const counter = countFirst(node, kind);
      const inner = ts.isBlock(node) ? ts.visitNodes(node.statements, visit) : [ts.visitNode(node, visit)];
      return factory.createBlock([counter, ...inner], true);
    };
    const countedPart = (node, part, kind) =>
      ts.visitEachChild(node, (child) => (child === part ? counted(child, kind) : visit(child)), context);

    const visit = (node) => {
      if (ts.isTypeNode(node)) return node;
      if (ts.isFunctionLike(node) && node.body !== undefined) return countedPart(node, node.body, 'function');
      if (ts.isIterationStatement(node, false)) return countedPart(node, node.statement, 'loop');
      if (ts.isCatchClause(node)) return countedPart(node, node.block, 'catch');
      if (ts.isBinaryExpression(node) && shortCircuits.has(node.operatorToken.kind))
        return countedPart(node, node.right, node.operatorToken.getText(source));
      if (ts.isConditionalExpression(node)) {
        const kinds = new Map([
          [node.whenTrue, '?'],
          [node.whenFalse, ':'],
        ]);
        const part = (child) => (kinds.has(child) ? counted(child, kinds.get(child)) : visit(child));
        return ts.visitEachChild(node, part, context);
      }
      if (ts.isIfStatement(node)) {
        const { expression, thenStatement, elseStatement } = node;
        return factory.updateIfStatement(
          node,
          ts.visitNode(expression, visit),
          counted(thenStatement, 'if'),
          elseStatement === undefined
            ? factory.createBlock([countFirst(node, 'else')])
            : counted(elseStatement, 'else'),
        );
      }
      if (ts.isCaseOrDefaultClause(node)) {
        const statements = [countFirst(node, 'case'), ...ts.visitNodes(node.statements, visit)];
        return ts.isCaseClause(node)
          ? factory.updateCaseClause(node, ts.visitNode(node.expression, visit), statements)
          : factory.updateDefaultClause(node, statements);
      }
      return ts.visitEachChild(node, visit, context);
    };

    const statements = ts.visitNodes(source.statements, visit);
    const registration = `globalThis.filexCoverage.register(${JSON.stringify(file)}, ${JSON.stringify(blocks)})`;
    const counters = factory.createVariableDeclaration(
      COUNTERS,
      undefined,
      undefined,
      factory.createIdentifier(registration),
    );
    return factory.updateSourceFile(source, [
      factory.createVariableStatement(
        undefined,
        factory.createVariableDeclarationList([counters], ts.NodeFlags.Const),
      ),
      ...statements,
    ]);
  };
}
