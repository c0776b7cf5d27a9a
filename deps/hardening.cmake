# The compiler's defences against memory errors, for the development build; GNS gets them too. The shipped binary's are
# in scripts/hardening.mjs. Not under a sanitizer, which watches the same with means of its own.
include(CheckCXXCompilerFlag)
set(HARDENING_FLAGS)
if(NOT VALVE_SOCKETS_SANITIZE AND NOT GNS_SELF_CONTAINED)
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
    string(MAKE_C_IDENTIFIER "HAS${flag}" known)
    check_cxx_compiler_flag(${flag} ${known})
    if(${known})
      list(APPEND HARDENING_FLAGS ${flag})
    endif()
  endforeach()
  # It only works in a build that is optimised, as every one here is.
  list(APPEND HARDENING_FLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  add_compile_options(${HARDENING_FLAGS})
endif()
