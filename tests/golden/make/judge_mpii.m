% Run by judge_mpii.py in GNU Octave: the kits of MPII and of eval_pose on one case.
% Variables: program (folder with the checkout's functions), data (.mat with the case), out (.mat to write), kind.
1;

% eval_pose prints rounded tables and plots: its calls of fprintf are kept, those that plot do nothing.
function fprintf(varargin)
  global said;
  said{end + 1} = varargin;
end
function varargout = figure(varargin), varargout = {0}; end
function hold(varargin), end
function grid(varargin), end
function plot(varargin), end
function varargout = legend(varargin), varargout = {0}; end
function set(varargin), end
function axis(varargin), end
function varargout = gca(varargin), varargout = {0}; end
function xlabel(varargin), end
function ylabel(varargin), end
function title(varargin), end

function row = numbers_of(said)
  % The one call that printed a row of numbers.
  row = [];
  for k = 1:numel(said)
    if numel(said{k}) == 2 && isnumeric(said{k}{2}) && numel(said{k}{2}) > 1
      row = said{k}{2};
    end
  end
end

warning('off', 'all');
global said;
load(data);
addpath(program);
found = struct();
if strcmp(kind, 'mpii')
  % gt and pred [2, 14, N] in the kit's order, NaN where not annotated; headSize [N, 1]
  pred(isnan(pred)) = inf;  % as evaluatePCKh.m does
  range = 0:0.01:0.5;
  found.pck = computePCK(getDistPCKh(pred, gt, headSize), range);
  found.auc = area_under_curve(scale01(range), found.pck(:, end));
  found.trapezoid = trapz(scale01(range), found.pck(:, end));  % what area_under_curve.m comes near to
elseif strcmp(kind, 'multi')
  % as evaluateAP.m
  [at, rows] = getMultiPersonGroups(groups, RELEASE, true);
  people = RELEASE.annolist(at);
  for k = 1:numel(people)
    people(k).annorect = people(k).annorect(rows{k});
  end
  [scores, labels, labelled] = assignGTmulti(pred, people, 0.5);
  for joint = 1:14
    [precision, recall] = getRPC(vertcat(scores{joint}{:}), vertcat(labels{joint}{:}), sum(labelled(joint, :)));
    found.ap(joint) = VOCap(recall, precision) * 100;
  end
elseif strcmp(kind, 'cooking')
  % as demo_eval_mpiicooking.m
  said = {};
  parts = {'Torso', 'U.arms', 'L.arms', 'Head'};
  sticks = @keypoints2sticks_mpii_cooking;
  eval_pcp(sticks(pred), sticks(joints), [1, 3, 2, 5, 4, 6], parts, 'case');
  found.pcp = numbers_of(said);
else
  % as demo_eval_lsp.m calls them
  names = {'Ankle', 'Knee', 'Hip', 'Wris', 'Elbo', 'Shou', 'Head'};
  parts = {'L.legs', 'U.legs', 'L.arms', 'U.arms', 'Head', 'Torso'};
  mirrored = [6, 5, 4, 3, 2, 1, 12, 11, 10, 9, 8, 7, 14, 13];
  said = {};
  eval_pck(pred, joints, mirrored, names, 'case');
  found.auc = said{end}{3};
  found.pck = numbers_of(said(1:end - 1));
  said = {};
  eval_pcp(keypoints2sticks(pred), keypoints2sticks(joints), [4, 3, 2, 1, 8, 7, 6, 5, 9, 10], parts, 'case');
  found.pcp = numbers_of(said);
  found.pdj = eval_pdj(pred, joints, [3, 10], mirrored, names, 'case');
end
save('-v7', out, '-struct', 'found');
