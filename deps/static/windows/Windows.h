// GNS writes the name so; zig's copy of the Windows headers is in lower case, which matters outside Windows.
#include <windows.h>
