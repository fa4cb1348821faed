% Run by judge_coco_kits.py in GNU Octave: the evaluation of COCO's MATLAB kit on one case.
% Variables: program (folder with its functions as plain files), truth and results (JSON files), out (.mat to write).
warning('off', 'all');
addpath(program);
data = jsondecode(fileread(truth));
found = jsondecode(fileread(results));

% as CocoApi's constructor and loadRes
keypoints = cat(2, found.keypoints)';
x = keypoints(:, 1:3:end)';
y = keypoints(:, 2:3:end)';
area = (max(x) - min(x)) .* (max(y) - min(y));
for k = 1:numel(found)
  found(k).area = area(k);
  found(k).id = k;
  found(k).keypoints = found(k).keypoints';
end
for k = 1:numel(data.annotations)
  data.annotations(k).ignore = 0;
  data.annotations(k).keypoints = data.annotations(k).keypoints';
  data.annotations(k).bbox = data.annotations(k).bbox';
end

function api = api_of(data, records)
  [~, order] = sort([records.image_id] * 1e10 + [records.category_id]);
  api.data.annotations = reshape(records(order), 1, []);
  api.inds.annCatIds = [api.data.annotations.category_id]';
  api.inds.annImgIds = [api.data.annotations.image_id]';
  images = unique([data.images.id]);
  categories = [data.categories.id];
  api.getImgIds = @() images;
  api.getCatIds = @() categories;
end

ev.cocoGt = api_of(data, data.annotations);
ev.cocoDt = api_of(data, found);
ev.params = struct('imgIds', ev.cocoGt.getImgIds(), 'catIds', sort(ev.cocoGt.getCatIds()), 'iouType', 'keypoints');
ev.params.iouThrs = .5:.05:.95;
ev.params.recThrs = 0:.01:1;
ev.params.areaRng = [0 1e5; 32 96; 96 1e5] .^ 2;
ev.params.maxDets = 20;
ev.params.useCats = 1;
ev = summarize(accumulate(evaluate(ev)));
stats = ev.stats;
save('-v7', out, 'stats');
