-- One record for each id, as `litescore results` reads them: scored, then failed, then superseded,
-- then the latest.
SELECT v, id, source, member, etag, version, status, label, score, top, kind, reason, model, "at",
  frame, decision, dt
FROM (
  SELECT records.*, row_number() OVER (
    PARTITION BY id
    ORDER BY CASE status WHEN 'scored' THEN 1 WHEN 'failed' THEN 2 ELSE 3 END, "at" DESC
  ) AS place
  FROM records
) AS ranked
WHERE place = 1
