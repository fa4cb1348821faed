"""Every small real file of the shared samples: what it is, and one person of it, read off the file by hand.

Coordinates of data sets that count pixels from 1 stand here as poseval gives them, one less than in the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from poseval.datasets import Role

T, P = Role.TRUTH, Role.PREDICTIONS


@dataclass(frozen=True)
class Sample:
    """A file that is read: numbers of people, frames and joints; row and joint of a place, and its flag."""

    file: str
    role: Role
    format: str
    counts: tuple[int, int, int]
    row: int
    joint: int
    place: tuple[float, float]
    seen: int = 2
    truth: str = ""  # the file that predictions belong to, where they mean nothing without it


COCO = [
    Sample("coco_keypoints/test_coco.json", T, "coco", (14, 4, 17), 0, 1, (374, 73)),
    Sample("coco_results_xtcoco/example_coco_val.json", T, "coco", (14, 4, 17), 0, 2, (360, 75)),
    Sample("coco_wholebody/test_coco_wholebody.json", T, "coco", (14, 4, 133), 0, 0, (367, 81)),
    Sample("coco_wholebody/example_wholebody_val.json.gz", T, "coco", (26, 5, 133), 0, 1, (374, 73)),
    Sample("crowdpose/test_crowdpose.json", T, "coco", (5, 2, 14), 2, 1, (208, 108)),
    Sample("crowdpose/crowdpose_val_first60_images.json.gz", T, "coco", (241, 60, 14), 0, 2, (237, 231)),
    Sample("coco_results_xtcoco/example_crowdpose_val.json", T, "coco", (10, 4, 14), 0, 0, (308, 172)),
    Sample("ochuman/test_ochuman.json", T, "coco", (5, 3, 17), 0, 1, (380.9752835872622, 174.5554996182501)),
    Sample("halpe136/test_halpe.json", T, "coco", (14, 4, 136), 0, 2, (360, 75)),
    Sample("aic/test_aic.json", T, "coco", (9, 3, 14), 0, 1, (312, 313), 1),
    Sample("ap10k/test_ap10k.json", T, "coco", (2, 2, 17), 1, 2, (94, 475)),
    Sample("animalpose/test_animalpose.json", T, "coco", (2, 2, 20), 0, 2, (115, 56)),
    Sample("h36m_coco/h36m_coco.json", T, "coco", (4, 4, 17), 0, 1, (500.99609375, 448.0298767089844), 1),
    Sample("humanart/test_humanart.json", T, "coco", (4, 3, 17), 0, 1, (698.8416, 942.6802)),
    Sample("exlpose/test_exlpose.json", T, "coco", (6, 2, 14), 0, 2, (1438.03, 460.36)),
    Sample("mhp/test_mhp.json", T, "coco", (4, 2, 16), 0, 0, (151.74249267578125, 251.90750122070312)),
    Sample("mpii_trb/test_mpii_trb.json", T, "coco", (5, 5, 40), 1, 2, (1167, 353)),
    Sample("coco_keypoints_tiny/person_keypoints_train.json", T, "coco", (1, 1, 3), 0, 1, (0, 2), 1),
    Sample("coco_keypoints_tiny/person_keypoints_val.json", T, "coco", (2, 1, 3), 0, 2, (2, 3)),
    Sample(
        "coco_results_xtcoco/example_coco_preds.json",
        P,
        "coco",
        (73, 4, 17),
        0,
        0,
        (367.7765197753906, 79.26499938964844),
        truth="coco_results_xtcoco/example_coco_val.json",
    ),
    Sample(
        "coco_results_xtcoco/example_crowdpose_preds.json",
        P,
        "coco",
        (15, 4, 14),
        9,
        0,
        (351.26873779296875, 265.73907470703125),
        truth="coco_results_xtcoco/example_crowdpose_val.json",
    ),
    Sample(
        "coco_wholebody/example_wholebody_preds.json.gz",
        P,
        "coco",
        (26, 5, 133),
        0,
        0,
        (368.26007080078125, 79.16297149658203),
        truth="coco_wholebody/example_wholebody_val.json.gz",
    ),
]
SINGLE = [
    Sample("jhmdb_coco/test_jhmdb_sub1.json", T, "jhmdb-coco", (3, 3, 15), 0, 1, (100.382222, 132.488694)),
    Sample("mpii_json_mmpose/test_mpii.json", T, "mpii-json", (5, 5, 16), 0, 1, (815, 509)),
    Sample("mpii_json_datumaro/mpii_annotations.json", T, "mpii-json", (3, 3, 16), 0, 3, (646, 187), 1),
    Sample(
        "mpii_mat_official_like/mpii_human_pose_v1_u12_1.mat", T, "mpii-mat", (4, 3, 16), 3, 1, (485, 138)
    ),
    Sample("mpii_hourglass_h5/valid_first200.h5", T, "mpii-h5", (200, 200, 16), 0, 2, (907, 437)),
    Sample(
        "mpii_gt_valid_mat/gt_valid_first200.mat",
        T,
        "mpii-gt",
        (200, 200, 16),
        0,
        0,
        (804.0000102956847 - 1, 710.9999664218318 - 1),
    ),
    Sample(
        "mpii_pred_mat/pred_first200.mat",
        P,
        "pose-mat",
        (200, 200, 16),
        0,
        1,
        (823, 498),
        truth="mpii_gt_valid_mat/gt_valid_first200.mat",
    ),
    Sample(
        "mpii_json_datumaro/mpii_pos_gt.npy",
        P,
        "pose-array",
        (3, 3, 16),
        1,
        0,
        (649, 423),
        truth="mpii_json_datumaro/mpii_annotations.json",
    ),
    Sample(
        "lsp_joints_mat/lspet_like_joints_14x3x400.mat",
        T,
        "lsp-mat",
        (400, 400, 14),
        0,
        1,
        (26.030943518527007 - 1, 86.41022512126052 - 1),
    ),
    Sample(
        "lsp_joints_mat/lsp_joints_3x14x200.mat",
        T,
        "lsp-mat",
        (200, 200, 14),
        0,
        1,
        (44.319549589525025 - 1, 121.26904189274327 - 1),
    ),
    Sample("penn_action_mat/0011.mat", T, "penn-action", (60, 60, 13), 0, 0, (193, 39 + 1 / 3 - 1)),
    Sample("300w_coco/test_300w.json", T, "face-coco", (2, 2, 68), 0, 1, (285.21, 470.547), 1),
    Sample("300vw_coco/anno_300vw.json", T, "face-coco", (3, 3, 68), 0, 2, (747.494, 229.362), 1),
    Sample(
        "300wlp_coco/test_300wlp.json",
        T,
        "face-coco",
        (2, 2, 68),
        0,
        1,
        (143.70928955078125, 275.5905456542969),
    ),
    Sample("wflw_coco/test_wflw.json", T, "face-coco", (4, 4, 98), 0, 2, (441.775067, 143.662576), 1),
    Sample(
        "aflw_coco/test_aflw.json",
        T,
        "face-coco",
        (2, 2, 19),
        0,
        0,
        (337.28341384863, 205.78904991948002),
        1,
    ),
    Sample(
        "cofw_coco/test_cofw.json",
        T,
        "face-coco",
        (2, 2, 29),
        0,
        1,
        (131.52522111663905, 115.97127786990977),
    ),
    Sample("lapa_coco/test_lapa.json", T, "face-coco", (2, 2, 106), 0, 2, (397, 719)),
    Sample("300w_pts/18489332_4.pts", T, "face-pts", (1, 1, 68), 0, 1, (748.693970 - 1, 739.109620 - 1)),
    Sample("300w_pts/237815567_3.pts", T, "face-pts", (1, 1, 68), 0, 0, (646.883839 - 1, 1242.820558 - 1)),
    Sample(
        "hrnet_face_csv/face_landmarks_300w_first40.csv",
        T,
        "face-csv",
        (40, 40, 68),
        0,
        1,
        (84.96641, 158.358795),
    ),
]
VIDEO = [
    Sample("posetrack18/009473_mpii_test.json", T, "posetrack18", (2, 1, 15), 0, 13, (750, 297.5)),
    Sample("posetrack18/test_posetrack18_val.json", T, "posetrack18", (14, 3, 15), 3, 13, (401, 530)),
    Sample(
        "sleap_slp/minimal_instance.slp", T, "sleap", (2, 1, 2), 1, 0, (205.9300539013689, 187.88964024221963)
    ),
    Sample(
        "sleap_slp/small_robot_minimal.slp",
        T,
        "sleap",
        (2, 2, 2),
        1,
        1,
        (314.1013268998794, 135.3723616999181),
    ),
    Sample(
        "sleap_analysis_csv/minimal_instance.000_centered_pair_low_quality.analysis.csv",
        T,
        "sleap-csv",
        (1, 1, 2),
        0,
        1,
        (278.63521449272383, 203.3658657346604),
    ),
    Sample(
        "sleap_analysis_h5/small_robot.000_small_robot_3_frame.analysis.h5",
        P,
        "sleap-analysis",
        (3, 3, 3),
        0,
        0,
        (322.8760097729464, 60.30785503530056),
    ),
    Sample(
        "nwb_ndx_pose/0.1.1_poseestimation_nodes_edges.nwb.gz",
        P,
        "nwb",
        (100, 100, 2),
        0,
        1,
        (0.972374151165637, 0.1094470997892284),
    ),
    Sample(
        "nwb_ndx_pose/0.3.0_poseestimation_two_cameras.nwb.gz",
        P,
        "nwb",
        (10, 10, 2),
        0,
        0,
        (0.6369616873214543, 0.2697867137638703),
    ),
    Sample("motchallenge/gt.txt", T, "motchallenge", (1, 1, 17), 0, 0, (float("nan"), float("nan")), 0),
]
EXCHANGE = [
    Sample("openpose_json/000000000000_keypoints.json", P, "openpose", (1, 1, 18), 0, 2, (208, 384)),
    Sample(
        "alphapose_json/alphapose-results.json",
        P,
        "alphapose",
        (25, 3, 17),
        0,
        1,
        (807.257568359375, 169.0900115966797),
    ),
    Sample("deeplabcut_csv/dlc_testdata.csv", T, "deeplabcut", (3, 4, 3), 1, 0, (12, 13)),
    Sample("deeplabcut_csv/dlc_testdata_v2.csv", T, "deeplabcut", (3, 4, 3), 1, 2, (15, 16)),
    Sample("deeplabcut_multi_csv/CollectedData_LM.csv", T, "deeplabcut", (7, 4, 5), 4, 3, (22, 23)),
    Sample("deeplabcut_multi_csv/madlc_testdata.csv", T, "deeplabcut", (5, 4, 3), 1, 1, (8, 9)),
    Sample("deeplabcut_multi_csv/madlc_testdata_v2.csv", T, "deeplabcut", (5, 4, 3), 4, 2, (26, 27)),
    Sample("deeplabcut_multi_csv/maudlc_testdata.csv", T, "deeplabcut", (7, 4, 5), 6, 4, (34, 35)),
    Sample(
        "deeplabcut_project/CollectedData_Pranav.csv",
        T,
        "deeplabcut",
        (116, 116, 4),
        0,
        3,
        (87.11, 152.69799999999998),
    ),
    Sample(
        "deeplabcut_project/CollectedData_Pranav.h5",
        T,
        "deeplabcut-h5",
        (116, 116, 4),
        0,
        3,
        (87.11, 152.69799999999998),
    ),
    Sample(
        "deeplabcut_h5/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5.gz",
        P,
        "deeplabcut-h5",
        (2330, 2330, 4),
        0,
        0,
        (77.29780578613281, 88.87557983398438),
    ),
    Sample(
        "mediapipe_csv/fitness_poses_csvs_out_basic.csv",
        P,
        "mediapipe",
        (29, 29, 33),
        0,
        1,
        (2393.61013, 881.28326),
    ),
    Sample("cvat_xml/export_project_annotations.xml", T, "cvat", (3, 6, 3), 0, 1, (3, 4)),
    Sample("cvat_xml/export_task_train.xml", T, "cvat", (1, 2, 3), 0, 1, (3.0, 4.0)),
    Sample("cvat_xml/for_video_annotations.xml", T, "cvat", (1, 2, 3), 0, 2, (2.23, 3.16)),
]
SAMPLES = [*COCO, *SINGLE, *VIDEO, *EXCHANGE]


@dataclass(frozen=True)
class Refused:
    """A file that holds no poses that poseval reads: the code, and words of the reason."""

    file: str
    code: str
    reason: str
    truth: str = ""


BOXES = "boxes with scores, but no keypoints"
REFUSED = [
    Refused("alphapose_json/poseflow-alpha-pose-results-sample.json", "P210", "line 164"),
    Refused("alphatracker_json/at_testdata.json", "P201", "AlphaTracker"),
    Refused("sleap_json/minimal_instance.json", "P201", "SLEAP's labels as JSON"),
    Refused("celeba_landmarks/list_landmarks_align_celeba.txt", "P201", "CelebA"),
    Refused("motchallenge/labels.txt", "P201", "a list of class names"),
    Refused("motchallenge/seqinfo.ini", "P201", "seqinfo.ini"),
    Refused(
        "coco_person_detections/test_coco_det_AP_H_56.json", "P201", BOXES, "coco_keypoints/test_coco.json"
    ),
    Refused("crowdpose/test_crowdpose_det_AP_40.json", "P201", BOXES, "crowdpose/test_crowdpose.json"),
    Refused(
        "posetrack18/test_posetrack18_human_detections.json",
        "P201",
        BOXES,
        "posetrack18/test_posetrack18_val.json",
    ),
    Refused(
        "mpii_json_datumaro/jnt_visible.npy",
        "P206",
        "not have exactly one array of poses",
        "mpii_json_datumaro/mpii_annotations.json",
    ),
    Refused(
        "mpii_json_datumaro/mpii_headboxes.npy",
        "P204",
        "corners of boxes",
        "mpii_json_datumaro/mpii_annotations.json",
    ),
]
