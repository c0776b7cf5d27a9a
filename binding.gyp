{
  # For prebuildify and node-gyp. The build itself is CMakeLists.txt.
  "targets": [
    {
      "target_name": "valve_sockets",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": ["CMakeLists.txt", "<!@(node -p \"require('fs').readdirSync('native',{recursive:true}).filter(f=>/[.](cc|h)$/.test(f)).map(f=>'native/'+f).join(' ')\")"],
          "outputs": ["<(PRODUCT_DIR)/valve_sockets.node"],
          "action": ["node", "scripts/build.mjs", "--addon-only"]
        }
      ]
    }
  ]
}
