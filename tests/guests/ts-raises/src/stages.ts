/** A mistake that types do not catch: it trusts data from outside. */

export function stageOf(lead: { stage?: string }): string {
  return normal(lead.stage as string);
}

function normal(stage: string): string {
  return stage.toLowerCase();
}
