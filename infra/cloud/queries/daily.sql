-- What came of the images of a day, by model: how many of each label, and how many failed of what.
SELECT dt, model, status, label, kind, count(*) AS images, avg(score) AS mean_score
FROM latest
GROUP BY dt, model, status, label, kind
