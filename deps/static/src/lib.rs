// Cargo is used here to fetch pinned sources only; CMakeLists.txt builds them.
