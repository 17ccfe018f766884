# semgap_monitor(TARGET SOURCE...): makes NAME.gap.h, NAME being TARGET's, from the sources of a monitor before TARGET is
# compiled, and NAME.json, the selection that blobs are made with: semgap emit --format gap --select NAME.json.
# SEMGAP_COMMAND is the command; FLAGS what its compiler needs besides the runtime's headers.
function(semgap_monitor target)
  cmake_parse_arguments(PARSE_ARGV 1 monitor "" "" "FLAGS")
  set(sources)
  foreach(source IN LISTS monitor_UNPARSED_ARGUMENTS)
    get_filename_component(source ${source} ABSOLUTE)
    list(APPEND sources ${source})
  endforeach()
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(runtime $<TARGET_PROPERTY:semgap_runtime_static,INTERFACE_INCLUDE_DIRECTORIES>)
  if(TARGET semgap::static)
    set(runtime $<TARGET_PROPERTY:semgap::static,INTERFACE_INCLUDE_DIRECTORIES>)
  endif()
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  add_custom_command(OUTPUT ${made}.gap.h ${made}.json
    COMMAND ${SEMGAP_COMMAND} scan -o ${made}.json ${sources} -- "-I$<JOIN:${runtime},;-I>" ${monitor_FLAGS}
    COMMAND ${SEMGAP_COMMAND} emit --format header --bind table --select ${made}.json -o ${made}.gap.h
    DEPENDS ${SEMGAP_COMMAND} ${sources} ${headers}
    COMMENT "Scanning the monitor ${target}"
    COMMAND_EXPAND_LISTS VERBATIM)
  target_sources(${target} PRIVATE ${made}.gap.h)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
