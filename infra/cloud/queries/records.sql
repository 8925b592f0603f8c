-- Every record as it was written: an image that was delivered twice may have several. A line that
-- is no JSON reads as a row of nulls.
SELECT v, id, source, member, etag, version, status, label, score, top, kind, reason, model, "at",
  frame, decision, dt
FROM written
WHERE id IS NOT NULL
