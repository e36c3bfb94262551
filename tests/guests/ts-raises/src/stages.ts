/** A mistake that types do not see: what comes from outside is taken on trust. */

export function stageOf(lead: { stage?: string }): string {
  return normal(lead.stage as string);
}

function normal(stage: string): string {
  return stage.toLowerCase();
}
