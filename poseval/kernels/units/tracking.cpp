// Kernels of tracking compiled together; see columns.cpp.
#include "../polygons.cpp"
#include "../tracking.cpp"
#include "../tracking_clear.cpp"
#include "../tracking_clear_trackeval.cpp"
#include "../tracking_hota.cpp"
#include "../tracking_identity.cpp"
#include "../tracking_reid.cpp"
#include "../tracking_scene.cpp"
